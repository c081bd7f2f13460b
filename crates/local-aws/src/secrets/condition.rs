//! Conditions of resource policies.

use serde_json::Value as Json;

/// Whether a condition restricts who is given access: it compares one of the keys below with values that have no wildcard at
/// their beginning. This is a part of what the service finds by reasoning over the whole policy (API reference,
/// `ValidateResourcePolicy`).
pub(super) fn restricts(condition: &Json) -> Option<bool> {
    const KEYS: [&str; 11] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
    ];
    let mut restricted = false;
    for (operator, comparisons) in condition.as_object()? {
        let positive = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress"]
            .iter()
            .any(|known| operator.starts_with(known));
        let positive = positive && !operator.ends_with("IfExists");
        for (key, values) in comparisons.as_object()? {
            let values: Vec<String> = one_or_more(values)?.into_iter().map(scalar).collect::<Option<_>>()?;
            let narrow = !values.iter().any(|value| is_wide(value));
            restricted |= positive && narrow && KEYS.contains(&key.to_ascii_lowercase().as_str());
        }
    }
    Some(restricted)
}

fn is_wide(value: &str) -> bool {
    value.starts_with('*') || value == "0.0.0.0/0" || value == "::/0"
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A value, or the values of a list that has at least one.
pub(super) fn one_or_more(json: &Json) -> Option<Vec<&Json>> {
    match json.as_array() {
        Some(list) => (!list.is_empty()).then(|| list.iter().collect()),
        None => Some(vec![json]),
    }
}
