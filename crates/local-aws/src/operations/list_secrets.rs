use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::describe_secret::{description, labels};
use super::filter::{Filter, Filters};
use super::json::objects;
use super::page::page;
use super::{Context, limits};
use crate::secrets::{Refusal, Secret};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
    #[serde(default, deserialize_with = "objects")]
    filters: Vec<Filter>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

/// What the list is sorted by. By the time of creation unless the request says otherwise (recorded).
#[derive(Clone, Copy)]
enum SortBy {
    CreatedDate,
    LastAccessedDate,
    LastChangedDate,
    Name,
}

/// The direction of the list. The newest first unless the request says otherwise (recorded).
#[derive(Clone, Copy)]
enum SortOrder {
    Asc,
    Desc,
}

fn sort_by(text: Option<&str>) -> Result<SortBy, Refusal> {
    match text {
        None | Some("created-date") => Ok(SortBy::CreatedDate),
        Some("last-accessed-date") => Ok(SortBy::LastAccessedDate),
        Some("last-changed-date") => Ok(SortBy::LastChangedDate),
        Some("name") => Ok(SortBy::Name),
        Some(_) => Err(Refusal::validation(
            "sortBy",
            "satisfy enum value set: [created-date, last-accessed-date, last-changed-date, name]",
        )),
    }
}

fn sort_order(text: Option<&str>) -> Result<SortOrder, Refusal> {
    match text {
        Some("asc") => Ok(SortOrder::Asc),
        None | Some("desc") => Ok(SortOrder::Desc),
        Some(_) => Err(Refusal::validation("sortOrder", "satisfy enum value set: [asc, desc]")),
    }
}

/// The secrets of the region; those marked for deletion only if the request includes them.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let max = limits::up_to(100, "maxResults", request.max_results)?;
    let filters = Filters::new(request.filters)?;
    let by = sort_by(request.sort_by.as_deref())?;
    let order = sort_order(request.sort_order.as_deref())?;
    let is_listed = |secret: &&Secret| secret.deleted.is_none() || request.include_planned_deletion;
    let mut found: Vec<&Secret> =
        context.secrets().all().filter(is_listed).filter(|secret| filters.pass(secret)).collect();
    match by {
        SortBy::CreatedDate => found.sort_by_key(|secret| secret.created),
        SortBy::LastAccessedDate => found.sort_by_key(|secret| secret.accessed),
        SortBy::LastChangedDate => found.sort_by_key(|secret| secret.changed),
        SortBy::Name => {}
    }
    match order {
        SortOrder::Asc => {}
        SortOrder::Desc => found.reverse(),
    }
    let (list, next) = page(found, max, request.next_token.as_deref())?;
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
