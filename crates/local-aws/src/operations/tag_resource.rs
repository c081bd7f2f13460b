use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::json::Tag;
use super::limits;
use crate::lock::lock;
use crate::secrets::{Refusal, Secrets};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    tags: Vec<Tag>,
}

/// Adds tags, or replaces the values of existing ones.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let tags = limits::tags(request.tags)?;
    let secret = secrets.find_live(&request.secret_id)?;
    secret.tags.extend(tags);
    secret.changed = now;
    Ok(json!({}))
}

/// Sets tags that the API refuses because AWS reserves them (`aws:`), such as those that RDS sets on its secrets.
pub(crate) fn set_reserved_tags(
    service: &Service,
    secret_id: &str,
    tags: &[(String, String)],
) -> Result<(), Refusal> {
    let mut secrets = lock(&service.secrets);
    secrets.find_live(secret_id)?.tags.extend(tags.iter().cloned());
    Ok(())
}
