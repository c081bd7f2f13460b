use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::filter::{Filter, Filters};
use super::get_secret_value::read;
use super::json::objects;
use super::page::page;
use super::{Context, limits};
use crate::secrets::Refusal;

/// The most secrets that a request may name (API reference, `BatchGetSecretValue`).
const MAX_SECRETS: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id_list: Option<Vec<String>>,
    #[serde(default, deserialize_with = "objects")]
    filters: Vec<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The current values of up to 20 secrets, by their ids or by filters. A secret whose value cannot be read is among
/// `Errors`, and the others are returned (API reference, `BatchGetSecretValue`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let filters = Filters::new(request.filters)?;
    let (ids, next) = match request.secret_id_list {
        Some(ids) if filters.is_empty() && request.max_results.is_none() => (named(ids)?, None),
        Some(_) => {
            return Err(Refusal::invalid_parameter(
                "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
            ));
        }
        None if filters.is_empty() => {
            return Err(Refusal::invalid_parameter(
                "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
            ));
        }
        None => {
            let max = request.max_results.unwrap_or(20);
            if !(1..=20).contains(&max) {
                return Err(Refusal::validation("maxResults", "have value between 1 and 20"));
            }
            let secrets = context.secrets().all().filter(|secret| secret.deleted.is_none());
            let found = secrets.filter(|secret| filters.pass(secret)).map(|secret| secret.arn.clone());
            page(found.collect(), Some(max), request.next_token.as_deref())?
        }
    };
    let (now, settings) = (context.now, context.settings);
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let result =
            context.secrets().find_live(&id).and_then(|secret| read(secret, None, None, now, settings));
        match result {
            Ok(value) => values.push(value),
            Err(Refusal { code, message }) => {
                errors.push(json!({"SecretId": id, "ErrorCode": code, "Message": message}));
            }
        }
    }
    let mut response = json!({"SecretValues": values, "Errors": errors});
    if let Some(next) = next {
        response["NextToken"] = Json::from(next);
    }
    Ok(response)
}

fn named(ids: Vec<String>) -> Result<Vec<String>, Refusal> {
    if !(1..=MAX_SECRETS).contains(&ids.len()) {
        return Err(Refusal::validation("secretIdList", "have length between 1 and 20"));
    }
    ids.iter().try_for_each(|id| limits::secret_id(id))?;
    Ok(ids)
}
