use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::limits;
use crate::secrets::{CURRENT, Put, Refusal, Secrets, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<Vec<String>>,
    rotation_token: Option<String>,
}

/// Creates a version, or gives a pending one its value. The label is AWSCURRENT if the request names none. A new current
/// value without a rotation token abandons the rotation that is under way.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let token = limits::token(request.client_request_token)?;
    limits::rotation_token(request.rotation_token.as_deref())?;
    let is_of_rotation = request.rotation_token.is_some();
    let stages = request.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    limits::stages(&stages)?;
    let value = Value::from_request(request.secret_string, request.secret_binary)?
        .ok_or_else(|| Refusal::invalid_request("You must provide either SecretString or SecretBinary."))?;
    let secret = secrets.find_live(&request.secret_id)?;
    let put = secret.versions.put(&token, value, &stages, now, &secret.arn)?;
    if put == Put::Stored {
        secret.changed = now;
        // User guide, "Rotation is abandoned": RotateSecret is accepted again. Terraform's own tests rely on it.
        if !is_of_rotation && stages.iter().any(|stage| stage == CURRENT) {
            secret.versions.abandon_rotation();
        }
    }
    Ok(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": token,
        "VersionStages": secret.versions.stages_of(&token),
    }))
}
