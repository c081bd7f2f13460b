use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::page::page;
use super::{Context, limits};
use crate::secrets::{DEFAULT_POLICY, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The names of a secret's policies: the default one, if it has been put (API reference, `ListResourcePolicies`). The service
/// adds others for replicas in other accounts, which local-aws does not have.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let max = limits::up_to(100, "maxResults", request.max_results)?;
    let secret = context.find_live(&request.secret_id)?;
    let names = secret.policy.iter().map(|_| json!({"PolicyName": DEFAULT_POLICY}));
    let (policies, next) = page(names.collect(), max, request.next_token.as_deref())?;
    let mut response = json!({"ResourcePolicies": policies});
    if let Some(next) = next {
        response["NextToken"] = Json::from(next);
    }
    Ok(response)
}
