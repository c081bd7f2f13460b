use serde::Deserialize;
use serde_json::Value as Json;

use super::json::{Tag, objects};
use super::{Context, limits};
use crate::lock::lock;
use crate::secrets::{Refusal, Region};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    #[serde(deserialize_with = "objects")]
    tags: Vec<Tag>,
}

/// Adds tags, or replaces the values of existing ones. The response is empty (API reference, `TagResource`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let tags = limits::tags(request.tags)?;
    let now = context.now;
    let secret = context.find_primary(&request.secret_id)?;
    limits::tag_count(secret.tags.keys().chain(tags.iter().map(|(key, _)| key)))?;
    secret.tags.extend(tags);
    secret.changed = now;
    Ok(Json::Null)
}

/// Sets tags that the API refuses because AWS reserves them (`aws:`), such as those that RDS sets on its secrets.
pub(crate) fn set_reserved_tags(
    service: &Service,
    region: &Region,
    secret_id: &str,
    tags: &[(String, String)],
) -> Result<(), Refusal> {
    let mut account = lock(&service.account);
    account.region(region).find_live(secret_id)?.tags.extend(tags.iter().cloned());
    crate::saving::changed(service);
    Ok(())
}
