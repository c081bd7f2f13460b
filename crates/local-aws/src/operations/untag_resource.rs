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
    request.tag_keys.iter().try_for_each(|key| limits::tag_key(key))?;
    let now = context.now;
    let secret = context.find_live(&request.secret_id)?;
    secret.tags.retain(|key, _| !request.tag_keys.contains(key));
    secret.changed = now;
    Ok(Json::Null)
}
