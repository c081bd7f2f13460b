use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::filter::{Filter, Filters};
use super::get_secret_value::read;
use super::json::objects;
use super::page::page;
use super::{Context, limits};
use crate::secrets::Refusal;

/// The most secrets that a request may name, and the most values of a response (API reference, `BatchGetSecretValue`).
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
        // The texts here are moto's; the rules are the API reference's.
        Some(ids) if filters.is_empty() => {
            if request.max_results.is_some() {
                return Err(Refusal::invalid_parameter(
                    "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
                ));
            }
            let ids = named(ids)?;
            // All of them are on the first page, so the server gave out no token for another.
            page(ids, limits::up_to(20, "maxResults", None)?, request.next_token.as_deref())?
        }
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
            let max = limits::up_to(20, "maxResults", request.max_results)?;
            let secrets = context.secrets().all().filter(|secret| secret.deleted.is_none());
            let found = secrets.filter(|secret| filters.pass(secret)).map(|secret| secret.arn.clone());
            page(found.collect(), max, request.next_token.as_deref())?
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
    for (index, id) in ids.iter().enumerate() {
        limits::secret_id_in(id, &format!("secretIdList.{}.member", index + 1))?;
    }
    Ok(ids)
}
