use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::json::epoch;
use crate::secrets::{Refusal, Secrets, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// A version's value; that of AWSCURRENT if the request names no version.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let secret = secrets.find_live(&request.secret_id)?;
    let (version, value) =
        secret.versions.read(request.version_id.as_deref(), request.version_stage.as_deref(), now)?;
    let mut response = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "CreatedDate": epoch(version.created),
    });
    match value {
        Value::Text(text) => response["SecretString"] = Json::from(text.as_str()),
        Value::Binary(base64) => response["SecretBinary"] = Json::from(base64.as_str()),
    }
    let id = version.id.clone();
    response["VersionStages"] = Json::from(secret.versions.stages_of(&id));
    secret.accessed = Some(now);
    Ok(response)
}
