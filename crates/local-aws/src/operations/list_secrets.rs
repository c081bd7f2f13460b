use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::describe_secret::{description, labels};
use super::page::page;
use crate::secrets::{Refusal, Secret, Secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

/// The secrets in the order of their names; those marked for deletion only if the request includes them.
pub(crate) fn respond(secrets: &Secrets, request: Request) -> Result<Json, Refusal> {
    let mut list = Vec::new();
    for secret in secrets.all() {
        if secret.deleted.is_some() && !request.include_planned_deletion {
            continue;
        }
        if matches(secret, &request.filters)? {
            let mut entry = description(secret);
            if let Some(labels) = labels(secret) {
                entry["SecretVersionsToStages"] = labels;
            }
            list.push(entry);
        }
    }
    let (list, next) = page(list, request.max_results, request.next_token.as_deref())?;
    let mut response = json!({"SecretList": list});
    if let Some(next) = next {
        response["NextToken"] = Json::from(next);
    }
    Ok(response)
}

/// A secret matches if it matches every filter. It matches a filter if it begins with one of the filter's values (API
/// reference, Filter).
fn matches(secret: &Secret, filters: &[Filter]) -> Result<bool, Refusal> {
    for Filter { key, values } in filters {
        let any = |text: &str| values.iter().any(|value| text.starts_with(value.as_str()));
        let found = match key.as_str() {
            "name" => any(&secret.name),
            "description" => secret.description.as_deref().is_some_and(any),
            "tag-key" => secret.tags.keys().any(|key| any(key)),
            "tag-value" => secret.tags.values().any(|value| any(value)),
            _ => {
                return Err(Refusal::invalid_parameter(
                    "local-aws filters by name, description, tag-key and tag-value only.",
                ));
            }
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}
