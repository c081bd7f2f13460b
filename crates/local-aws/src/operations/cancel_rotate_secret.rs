use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use crate::secrets::{Refusal, Secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Turns rotation off, and stops a rotation under way before its next step. AWSPENDING stays where it is; the response
/// names its version (API reference, `CancelRotateSecret`).
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let secret = secrets.find_live(&request.secret_id)?;
    let rotation = secret.rotation.as_mut().ok_or_else(|| {
        Refusal::invalid_request("No Lambda rotation function ARN is associated with this secret.")
    })?;
    rotation.enabled = false;
    secret.changed = now;
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(version) = secret.versions.holder("AWSPENDING") {
        response["VersionId"] = version.into();
    }
    Ok(response)
}
