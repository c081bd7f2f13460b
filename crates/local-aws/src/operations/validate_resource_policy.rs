use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Context, limits};
use crate::secrets::{Access, Policy, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: Option<String>,
    resource_policy: String,
}

/// Checks a policy for its form and for broad access. The service also checks that the policy does not lock the caller out
/// (API reference, `ValidateResourcePolicy`), which local-aws cannot know: an access key here belongs to no principal.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::policy(&request.resource_policy)?;
    if let Some(id) = &request.secret_id {
        context.find_live(id)?;
    }
    let policy = Policy::new(request.resource_policy)?;
    // The check's name is the one that other emulators report from AWS; the message is local-aws's own.
    let errors = match policy.access {
        Access::Limited => Vec::new(),
        Access::Broad => vec![json!({
            "CheckName": "REFLEXIVE_PRINCIPAL_CHECK",
            "ErrorMessage": "The resource policy gives access to anyone: name principals, or add a condition.",
        })],
    };
    Ok(json!({"PolicyValidationPassed": errors.is_empty(), "ValidationErrors": errors}))
}
