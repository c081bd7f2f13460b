use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Context;
use super::describe_secret::{description, labels};
use super::filter::{Filter, Filters};
use super::page::page;
use crate::secrets::{Refusal, Secret};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    sort_order: SortOrder,
}

/// What the list is sorted by. By the time of creation unless the request says otherwise (recorded).
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum SortBy {
    #[default]
    CreatedDate,
    LastAccessedDate,
    LastChangedDate,
    Name,
}

/// The direction of the list. The newest first unless the request says otherwise (recorded).
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum SortOrder {
    Asc,
    #[default]
    Desc,
}

/// The secrets of the region; those marked for deletion only if the request includes them.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let filters = Filters::new(request.filters)?;
    let is_listed = |secret: &&Secret| secret.deleted.is_none() || request.include_planned_deletion;
    let mut found: Vec<&Secret> =
        context.secrets().all().filter(is_listed).filter(|secret| filters.pass(secret)).collect();
    match request.sort_by {
        SortBy::CreatedDate => found.sort_by_key(|secret| secret.created),
        SortBy::LastAccessedDate => found.sort_by_key(|secret| secret.accessed),
        SortBy::LastChangedDate => found.sort_by_key(|secret| secret.changed),
        SortBy::Name => {}
    }
    match request.sort_order {
        SortOrder::Asc => {}
        SortOrder::Desc => found.reverse(),
    }
    let (list, next) = page(found, request.max_results, request.next_token.as_deref())?;
    let entries = list.into_iter().map(|secret| {
        let mut entry = description(secret);
        if let Some(labels) = labels(secret) {
            entry["SecretVersionsToStages"] = labels;
        }
        entry
    });
    let mut response = json!({"SecretList": entries.collect::<Json>()});
    if let Some(next) = next {
        response["NextToken"] = Json::from(next);
    }
    Ok(response)
}
