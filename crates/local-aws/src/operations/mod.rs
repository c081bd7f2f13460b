//! The operations of Secrets Manager, one file each: the members of the request, the checks, the response.

mod cancel_rotate_secret;
mod create_secret;
mod delete_secret;
mod describe_secret;
mod get_random_password;
mod get_secret_value;
mod json;
mod limits;
mod list_secret_version_ids;
mod list_secrets;
mod page;
mod put_secret_value;
mod rotate_secret;
mod tag_resource;
mod update_secret_version_stage;

use std::sync::Arc;

pub(crate) use json::parse;
use serde_json::Value as Json;
pub(crate) use tag_resource::set_reserved_tags;
use time::OffsetDateTime;

use crate::lock::lock;
use crate::secrets::Refusal;
use crate::service::Service;

/// Responds to one call. The state is locked from the first check to the last change, so each call is atomic.
pub(crate) fn respond(service: &Arc<Service>, operation: &str, body: &[u8]) -> Result<Json, Refusal> {
    let now = OffsetDateTime::now_utc();
    let mut guard = lock(&service.secrets);
    let secrets = &mut *guard;
    secrets.expire(now);
    match operation {
        "CancelRotateSecret" => cancel_rotate_secret::respond(secrets, parse(body)?, now),
        "CreateSecret" => create_secret::respond(secrets, parse(body)?, now),
        "DeleteSecret" => delete_secret::respond(secrets, parse(body)?, now),
        "DescribeSecret" => describe_secret::respond(secrets, parse(body)?),
        "GetRandomPassword" => get_random_password::respond(parse(body)?),
        "GetSecretValue" => get_secret_value::respond(secrets, parse(body)?, now),
        "ListSecretVersionIds" => list_secret_version_ids::respond(secrets, parse(body)?),
        "ListSecrets" => list_secrets::respond(secrets, parse(body)?),
        "PutSecretValue" => put_secret_value::respond(secrets, parse(body)?, now),
        "RotateSecret" => {
            let rotate_secret::Outcome { response, run } = rotate_secret::respond(secrets, parse(body)?, now);
            if let Some(run) = run {
                crate::rotation::start(service, run);
            }
            response
        }
        "TagResource" => tag_resource::respond(secrets, parse(body)?, now),
        "UpdateSecretVersionStage" => update_secret_version_stage::respond(secrets, parse(body)?, now),
        _ => Err(Refusal::new("UnknownOperationException", "")),
    }
}
