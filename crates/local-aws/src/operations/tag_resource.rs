use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::{Tag, limits};
use crate::secrets::{Refusal, Secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    tags: Vec<Tag>,
}

/// Adds tags, or replaces the values of those that are there.
pub(crate) fn answer(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    let tags = limits::tags(request.tags)?;
    let secret = secrets.find_live(&request.secret_id)?;
    secret.tags.extend(tags);
    secret.changed = now;
    Ok(json!({}))
}
