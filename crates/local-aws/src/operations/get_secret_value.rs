use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::epoch;
use crate::secrets::{Refusal, Secrets, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// Reads one version's value, AWSCURRENT unless told.
pub(crate) fn answer(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let secret = secrets.find_live(&request.secret_id)?;
    let (version, value) =
        secret.versions.read(request.version_id.as_deref(), request.version_stage.as_deref(), now)?;
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "CreatedDate": epoch(version.created),
    });
    match value {
        Value::Text(text) => answer["SecretString"] = Json::from(text.as_str()),
        Value::Binary(base64) => answer["SecretBinary"] = Json::from(base64.as_str()),
    }
    let id = version.id.clone();
    answer["VersionStages"] = Json::from(secret.versions.stages_of(&id));
    secret.accessed = Some(now);
    Ok(answer)
}
