use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Context, limits};
use crate::secrets::{DEFAULT_POLICY, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    policy_name: Option<String>,
}

/// Removes the policy. A secret without one is left as it is (Terraform relies on it).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::default_policy(request.policy_name.as_deref())?;
    let now = context.now;
    let secret = context.find_primary(&request.secret_id)?;
    if secret.policy.take().is_some() {
        secret.changed = now;
    }
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "PolicyName": DEFAULT_POLICY}))
}
