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

/// The policy as it was put; without `ResourcePolicy` if there is none (API reference, `GetResourcePolicy`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::policy_name(request.policy_name.as_deref())?;
    let secret = context.find_live(&request.secret_id)?;
    match request.policy_name.as_deref() {
        None | Some(DEFAULT_POLICY) => {}
        Some(_) => {
            return Err(Refusal::not_found("Secrets Manager can't find the specified resource policy."));
        }
    }
    let mut response = json!({"ARN": secret.arn, "Name": secret.name, "PolicyName": DEFAULT_POLICY});
    if let Some(policy) = &secret.policy {
        response["ResourcePolicy"] = Json::from(policy.text.as_str());
    }
    Ok(response)
}
