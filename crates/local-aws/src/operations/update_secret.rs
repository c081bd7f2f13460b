use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::context::{after_current_value, author};
use super::json::Unsupported;
use super::{Context, kms, limits};
use crate::secrets::{CURRENT, Content, Put, Refusal, Region, Role, Secret, Status, Value};

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
    let token = match (&value, request.client_request_token) {
        (None, None) => None,
        (Some(_), token) | (None, token @ Some(_)) => Some(limits::token(token)?),
    };
    let (now, caller, settings, events) = (context.now, context.caller, context.settings, context.events);
    let secret = context.find_live(&request.secret_id)?;
    if let Role::Replica { primary } = &secret.role {
        let primary = primary.clone();
        return match (value, request.description, request.kms_key_id) {
            (None, None, Some(key)) => {
                encrypt_replica(context, &request.secret_id, &primary, kms::key(Some(key)))
            }
            _ => Err(Refusal::replica()),
        };
    }
    let kms_key = match request.kms_key_id {
        Some(key) => kms::key(Some(key)),
        None => secret.kms_key.clone(),
    };
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    let mut changed = request.description.is_some() || kms_key != secret.kms_key;
    if let (Some(value), Some(token)) = (value, token) {
        kms::encrypt(settings, kms_key.as_deref())?;
        let author = author(caller, secret, None);
        let content = Content { value, author, kms_key: kms_key.clone() };
        match put(secret, &token, content, now)? {
            Put::Stored => {
                after_current_value(secret, caller, None, now, events);
                changed = true;
            }
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
    if changed {
        secret.changed = now;
    }
    Ok(response)
}

/// Creates a version with a value. A version that has the same value already is left as it is (moto's authors report it from
/// AWS); one without a value is of the rotation under way, and not for this operation (API reference, `UpdateSecret`).
fn put(secret: &mut Secret, token: &str, content: Content, now: OffsetDateTime) -> Result<Put, Refusal> {
    if secret.versions.get(token).is_some_and(|version| version.value.is_none()) {
        return Err(Refusal::token_in_use(token, &secret.arn));
    }
    secret.versions.put(token, content, &[CURRENT.to_owned()], now, &secret.arn)
}

/// Changes the key of a replica, which is all of it that can be changed in its own region (user guide, "Promote a replica
/// secret to a standalone secret").
fn encrypt_replica(
    context: &mut Context<'_>,
    id: &str,
    primary: &Region,
    kms_key: Option<String>,
) -> Result<Json, Refusal> {
    kms::encrypt(context.settings, kms_key.as_deref())?;
    let (now, region) = (context.now, context.region);
    let secret = context.find_live(id)?;
    let response = json!({"ARN": secret.arn, "Name": secret.name});
    let name = secret.name.clone();
    let primary = context.account.region(primary).find_any(&name)?;
    if let Some(replica) = primary.role.replicas_mut()?.get_mut(region) {
        replica.kms_key = kms_key;
        replica.status = Status::InProgress { due: now };
    }
    Ok(response)
}
