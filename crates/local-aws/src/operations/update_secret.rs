use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::context::{after_current_value, author};
use super::json::Unsupported;
use super::{Context, kms, limits};
use crate::secrets::{CURRENT, Content, Put, Refusal, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default)]
    r#type: Unsupported,
}

/// Changes the members that the request has. A value becomes AWSCURRENT in a version of its own, and abandons a rotation
/// that is under way, as `PutSecretValue` does (API reference, `UpdateSecret`; that it abandons is inferred). A new key
/// applies to values that are written from now on; the service also encrypts AWSCURRENT, AWSPENDING and AWSPREVIOUS anew.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    request.r#type.refuse("Type", "managed external secrets")?;
    limits::description(request.description.as_deref())?;
    limits::kms_key(request.kms_key_id.as_deref())?;
    let value = Value::from_request(request.secret_string, request.secret_binary)?;
    let token = match value {
        Some(_) => Some(limits::token(request.client_request_token)?),
        None => None,
    };
    let (now, caller, settings, events) = (context.now, context.caller, context.settings, context.events);
    let secret = context.find_live(&request.secret_id)?;
    let kms_key = request.kms_key_id.or_else(|| secret.kms_key.clone());
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    if let (Some(value), Some(token)) = (value, token) {
        kms::encrypt(settings, kms_key.as_deref())?;
        let author = author(caller, secret, None);
        let content = Content { value, author, kms_key: kms_key.clone() };
        match secret.versions.put(&token, content, &[CURRENT.to_owned()], now, &secret.arn)? {
            Put::Stored => after_current_value(secret, caller, None, now, events),
            Put::Repeated => {}
        }
        response["VersionId"] = Json::from(token);
    }
    if kms_key != secret.kms_key {
        secret.versions.encrypt_labelled(kms_key.as_deref());
        secret.kms_key = kms_key;
    }
    if let Some(description) = request.description {
        secret.description = Some(description);
    }
    secret.changed = now;
    Ok(response)
}
