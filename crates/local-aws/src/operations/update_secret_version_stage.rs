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
    limits::version_id(request.remove_from_version_id.as_deref(), "removeFromVersionId")?;
    limits::version_id(request.move_to_version_id.as_deref(), "moveToVersionId")?;
    let now = context.now;
    let secret = context.find_primary(&request.secret_id)?;
    secret.versions.move_stage(
        &request.version_stage,
        request.remove_from_version_id.as_deref(),
        request.move_to_version_id.as_deref(),
    )?;
    secret.changed = now;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}
