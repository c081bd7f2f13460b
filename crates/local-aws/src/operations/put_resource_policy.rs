use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Context, limits};
use crate::secrets::{Access, DEFAULT_POLICY, Policy, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    resource_policy: String,
    policy_name: Option<String>,
    #[serde(default)]
    block_public_policy: bool,
}

/// Keeps a policy, which is not enforced. A policy that gives access to anyone is refused only if the request blocks such
/// policies (API reference, `PutResourcePolicy`; recorded that it is accepted otherwise).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::default_policy(request.policy_name.as_deref())?;
    limits::policy(&request.resource_policy)?;
    let now = context.now;
    let secret = context.find_primary(&request.secret_id)?;
    let policy = Policy::new(request.resource_policy)?;
    if request.block_public_policy && policy.access == Access::Broad {
        return Err(Refusal::new(
            "PublicPolicyException",
            "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the \
             secret.",
        ));
    }
    secret.policy = Some(policy);
    secret.changed = now;
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "PolicyName": DEFAULT_POLICY}))
}
