use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::json::epoch;
use super::{Context, kms, limits};
use crate::secrets::{Refusal, Secret, Value};
use crate::service::Settings;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// A version's value; that of AWSCURRENT if the request names no version.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::version_id(request.version_id.as_deref(), "versionId")?;
    if let Some(stage) = &request.version_stage {
        limits::stage(stage)?;
    }
    let (now, settings) = (context.now, context.settings);
    let secret = context.find_live(&request.secret_id)?;
    read(secret, request.version_id.as_deref(), request.version_stage.as_deref(), now, settings)
}

/// A version's value, and the members that come with it.
pub(super) fn read(
    secret: &mut Secret,
    version_id: Option<&str>,
    stage: Option<&str>,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<Json, Refusal> {
    let (version, value) = secret.versions.read(version_id, stage, now)?;
    kms::decrypt(settings, version.kms_key.as_deref())?;
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
