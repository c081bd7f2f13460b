use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Context, limits};
use crate::secrets::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    version_stage: String,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

/// Moves, adds or removes one label, atomically.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::stage(&request.version_stage)?;
    for id in [&request.remove_from_version_id, &request.move_to_version_id].into_iter().flatten() {
        limits::version_id(id)?;
    }
    let now = context.now;
    let secret = context.find_live(&request.secret_id)?;
    secret.versions.move_stage(
        &request.version_stage,
        request.remove_from_version_id.as_deref(),
        request.move_to_version_id.as_deref(),
    )?;
    secret.changed = now;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}
