//! The operations of Secrets Manager, one file each: the members of the request, the checks, the answer.

mod cancel_rotate_secret;
mod create_secret;
mod delete_secret;
mod describe_secret;
mod get_random_password;
mod get_secret_value;
mod limits;
mod list_secret_version_ids;
mod list_secrets;
mod page;
mod put_secret_value;
mod rotate_secret;
mod tag_resource;
mod update_secret_version_stage;

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use time::OffsetDateTime;

use crate::secrets::Refusal;
use crate::service::{Service, lock};

/// Answers one call. The state is locked from the first check to the last change, so each call is atomic.
pub(crate) fn answer(service: &Arc<Service>, operation: &str, body: &[u8]) -> Result<Json, Refusal> {
    let now = OffsetDateTime::now_utc();
    let mut guard = lock(&service.secrets);
    let secrets = &mut *guard;
    secrets.expire(now);
    match operation {
        "CancelRotateSecret" => cancel_rotate_secret::answer(secrets, parse(body)?, now),
        "CreateSecret" => create_secret::answer(secrets, parse(body)?, now),
        "DeleteSecret" => delete_secret::answer(secrets, parse(body)?, now),
        "DescribeSecret" => describe_secret::answer(secrets, parse(body)?),
        "GetRandomPassword" => get_random_password::answer(parse(body)?),
        "GetSecretValue" => get_secret_value::answer(secrets, parse(body)?, now),
        "ListSecretVersionIds" => list_secret_version_ids::answer(secrets, parse(body)?),
        "ListSecrets" => list_secrets::answer(secrets, parse(body)?),
        "PutSecretValue" => put_secret_value::answer(secrets, parse(body)?, now),
        "RotateSecret" => {
            let rotate_secret::Outcome { answer, run } = rotate_secret::answer(secrets, parse(body)?, now);
            if let Some(run) = run {
                crate::rotation::start(service, run);
            }
            answer
        }
        "TagResource" => tag_resource::answer(secrets, parse(body)?, now),
        "UpdateSecretVersionStage" => update_secret_version_stage::answer(secrets, parse(body)?, now),
        _ => Err(Refusal::new("UnknownOperationException", "")),
    }
}

/// Sets tags that the API refuses because AWS reserves them (`aws:`), as RDS does on the secrets that it makes.
pub(crate) fn set_reserved_tags(
    service: &Service,
    secret_id: &str,
    tags: &[(String, String)],
) -> Result<(), Refusal> {
    let mut secrets = lock(&service.secrets);
    secrets.find_live(secret_id)?.tags.extend(tags.iter().cloned());
    Ok(())
}

/// A tag on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// The body of a request, of which an error quotes nothing.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Only the position: serde's own message quotes what it found, which may be a value.
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(
            "SerializationException",
            format!("the request cannot be read at line {}, column {}", error.line(), error.column()),
        )
    })
}

/// A time as `awsJson1_1` writes it: seconds since 1970, with milliseconds.
fn epoch(time: OffsetDateTime) -> Json {
    let milliseconds = time.unix_timestamp_nanos() / 1_000_000;
    Json::from(milliseconds as f64 / 1_000.0)
}

/// `LastAccessedDate` tells the day only (API reference, `DescribeSecret`).
fn day(time: OffsetDateTime) -> Json {
    epoch(time.replace_time(time::Time::MIDNIGHT))
}
