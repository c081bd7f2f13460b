use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Context;
use crate::secrets::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Takes the mark of deletion off. A secret without one is left as it is (recorded by moto's tests). Rotation stays off.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let now = context.now;
    let secret = context.find_any(&request.secret_id)?;
    secret.role.replicas_mut()?;
    if secret.deleted.take().is_some() {
        secret.changed = now;
    }
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}
