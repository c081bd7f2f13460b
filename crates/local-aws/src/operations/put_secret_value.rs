use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::context::{after_current_value, author};
use super::{Context, kms, limits};
use crate::secrets::{CURRENT, Content, Put, Refusal, Value};

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
/// value that is not of the rotation under way abandons that rotation.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let token = limits::token(request.client_request_token)?;
    let rotation_token = request.rotation_token.as_deref();
    limits::rotation_token(rotation_token)?;
    let stages = request.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    limits::stages(&stages)?;
    let value = Value::from_request(request.secret_string, request.secret_binary)?
        .ok_or_else(|| Refusal::invalid_request("You must provide either SecretString or SecretBinary."))?;
    let (now, caller, settings, events) = (context.now, context.caller, context.settings, context.events);
    let secret = context.find_primary(&request.secret_id)?;
    kms::encrypt(settings, secret.kms_key.as_deref())?;
    let author = author(caller, secret, rotation_token);
    let content = Content { value, author, kms_key: secret.kms_key.clone() };
    match secret.versions.put(&token, content, &stages, now, &secret.arn)? {
        Put::Stored => {
            secret.changed = now;
            if stages.iter().any(|stage| stage == CURRENT) {
                after_current_value(secret, caller, rotation_token, now, events);
            }
        }
        Put::Repeated => {}
    }
    Ok(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": token,
        "VersionStages": secret.versions.stages_of(&token),
    }))
}
