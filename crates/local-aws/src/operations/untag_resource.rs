use serde::Deserialize;
use serde_json::Value as Json;

use super::{Context, limits};
use crate::secrets::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    tag_keys: Vec<String>,
}

/// Removes the tags with these keys. A key that the secret does not have is ignored, and the response is empty (API
/// reference, `UntagResource`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    for (index, key) in request.tag_keys.iter().enumerate() {
        limits::tag_key(key, &format!("tagKeys.{}.member", index + 1))?;
        limits::unreserved(key)?;
    }
    let now = context.now;
    let secret = context.find_primary(&request.secret_id)?;
    secret.was_tagged |= !secret.tags.is_empty();
    secret.tags.retain(|key, _| !request.tag_keys.contains(key));
    secret.changed = now;
    Ok(Json::Null)
}
