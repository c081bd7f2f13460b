use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Context;
use crate::secrets::{PENDING, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Turns rotation off, and stops a rotation under way before its next step. AWSPENDING stays where it is; the response
/// names its version (API reference, `CancelRotateSecret`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let now = context.now;
    let secret = context.find_to_rotate(&request.secret_id)?;
    let rotation = secret.rotation.as_mut().ok_or_else(Refusal::no_function)?;
    rotation.enabled = false;
    secret.changed = now;
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(version) = secret.versions.holder(PENDING) {
        response["VersionId"] = version.into();
    }
    Ok(response)
}
