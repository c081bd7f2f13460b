use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::json::Tag;
use super::limits;
use crate::secrets::{CURRENT, Refusal, Secret, Secrets, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Creates a secret; without a value it has no versions. Repeating the call succeeds and changes nothing.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let token = limits::token(request.client_request_token)?;
    limits::name(&request.name)?;
    let value = Value::from_request(request.secret_string, request.secret_binary)?;
    let tags = limits::tags(request.tags)?;
    if let Some(existing) = secrets.named(&request.name) {
        return repeated(existing, &token, value.as_ref());
    }
    let mut secret = Secret::new(request.name, now);
    secret.description = request.description;
    secret.tags.extend(tags);
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(value) = value {
        secret.versions.put(&token, value, &[CURRENT.to_owned()], now, &secret.arn)?;
        response["VersionId"] = Json::from(token);
    }
    secrets.add(secret);
    Ok(response)
}

fn repeated(existing: &Secret, token: &str, value: Option<&Value>) -> Result<Json, Refusal> {
    if existing.deleted.is_some() {
        return Err(Refusal::invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    match existing.versions.get(token).map(|version| version.value.as_ref()) {
        Some(stored) if stored == value => {
            Ok(json!({"ARN": existing.arn, "Name": existing.name, "VersionId": token}))
        }
        Some(_) | None => Err(Refusal::exists(format!(
            "The operation failed because the secret {} already exists.",
            existing.name
        ))),
    }
}
