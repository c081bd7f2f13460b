use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Tag, limits};
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

/// Makes a secret; without a value, one that has no versions. The same call again is a success that changes nothing.
pub(crate) fn answer(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
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
    let mut answer = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(value) = value {
        secret.versions.put(&token, value, &[CURRENT.to_owned()], now, &secret.arn)?;
        answer["VersionId"] = Json::from(token);
    }
    secrets.add(secret);
    Ok(answer)
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
