//! Resource policies, as documents. A policy is checked for its form and for broad access, and kept; it is not enforced,
//! because every access key of the server may call everything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Refusal;
use super::condition::{one_or_more, restricts};

/// The only policy that the API can change (API reference, `PutResourcePolicy`).
pub(crate) const DEFAULT_POLICY: &str = "default";

/// A policy document whose form was checked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The text as it was put; responses repeat it unchanged.
    pub(crate) text: String,
    pub(crate) access: Access,
}

/// To whom a policy gives access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    /// To principals that it names, or under a condition that restricts who they are.
    Limited,
    /// To anyone.
    Broad,
}

impl Policy {
    /// Checks a document against the grammar of IAM policies (IAM user guide, "Grammar of the IAM JSON policy language"): its
    /// members, their types, and which of them exclude each other. The text of the refusal is the service's own (recorded for
    /// a wrong `Version`). Whether principals and actions exist is not checked, nor that a member is there twice.
    pub(crate) fn new(text: String) -> Result<Self, Refusal> {
        let access = serde_json::from_str(&text).ok().as_ref().and_then(document);
        let access = access.ok_or_else(|| {
            Refusal::new("MalformedPolicyDocumentException", "This policy has invalid syntax.")
        })?;
        Ok(Policy { text, access })
    }
}

/// The access that a document gives; `None` if it is malformed, as in the functions below.
fn document(json: &Json) -> Option<Access> {
    let document = json.as_object()?;
    only(document, &["Version", "Id", "Statement"])?;
    match document.get("Version").map(Json::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return None,
    }
    text_or_absent(document.get("Id"))?;
    let statements = one_or_more(document.get("Statement")?)?;
    let mut sids = BTreeSet::new();
    let mut access = Access::Limited;
    for statement in statements {
        let statement = statement.as_object()?;
        if let Some(sid) = text_or_absent(statement.get("Sid"))?
            && !sids.insert(sid)
        {
            return None;
        }
        if self::statement(statement)? == Access::Broad {
            access = Access::Broad;
        }
    }
    Some(access)
}

fn statement(statement: &Map<String, Json>) -> Option<Access> {
    const MEMBERS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    only(statement, &MEMBERS)?;
    let allows = match statement.get("Effect")?.as_str()? {
        "Allow" => true,
        "Deny" => false,
        _ => return None,
    };
    let actions = strings(one_of(statement, "Action", "NotAction")?.1)?;
    let is_action = |action: &&str| *action == "*" || action.split_once(':').is_some_and(is_pair);
    let resources = strings(one_of(statement, "Resource", "NotResource")?.1)?;
    let is_resource = |resource: &&str| *resource == "*" || resource.starts_with("arn:");
    if !actions.iter().all(is_action) || !resources.iter().all(is_resource) {
        return None;
    }
    let (kind, principal) = one_of(statement, "Principal", "NotPrincipal")?;
    let anyone = principals(principal)? || kind == "NotPrincipal";
    let restricted = match statement.get("Condition") {
        Some(condition) => restricts(condition)?,
        None => false,
    };
    Some(if allows && anyone && !restricted { Access::Broad } else { Access::Limited })
}

fn is_pair((service, action): (&str, &str)) -> bool {
    !service.is_empty() && !action.is_empty() && !action.contains(':')
}

/// Whether the principals include everyone.
fn principals(principal: &Json) -> Option<bool> {
    if let Some(text) = principal.as_str() {
        return (text == "*").then_some(true);
    }
    let kinds = principal.as_object().filter(|kinds| !kinds.is_empty())?;
    only(kinds, &["AWS", "Service", "Federated", "CanonicalUser"])?;
    let mut anyone = false;
    for (kind, names) in kinds {
        let names = strings(names)?;
        let is_account = |name: &str| name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
        let is_aws = |name: &&str| *name == "*" || name.starts_with("arn:") || is_account(name);
        if kind == "AWS" && !names.iter().all(is_aws) {
            return None;
        }
        anyone |= kind == "AWS" && names.contains(&"*");
    }
    Some(anyone)
}

fn only(object: &Map<String, Json>, members: &[&str]) -> Option<()> {
    object.keys().all(|member| members.contains(&member.as_str())).then_some(())
}

/// The member that is there, of two of which a statement has exactly one.
fn one_of<'a>(object: &'a Map<String, Json>, one: &'a str, other: &'a str) -> Option<(&'a str, &'a Json)> {
    match (object.get(one), object.get(other)) {
        (Some(value), None) => Some((one, value)),
        (None, Some(value)) => Some((other, value)),
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// A string, or a list of at least one.
fn strings(json: &Json) -> Option<Vec<&str>> {
    one_or_more(json)?.into_iter().map(Json::as_str).collect()
}

/// `None` for a value that is not a string.
fn text_or_absent(json: Option<&Json>) -> Option<Option<&str>> {
    match json {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(text: &str) -> Result<Access, String> {
        Policy::new(text.to_owned()).map(|policy| policy.access).map_err(|refusal| refusal.code.into_owned())
    }

    fn with(changes: &[(&str, Json)]) -> String {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        });
        for (member, value) in changes {
            let members = statement.as_object_mut().expect("an object");
            if value.is_null() {
                members.remove(*member);
            } else {
                members.insert(member.to_string(), value.clone());
            }
        }
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }

    #[test]
    fn a_policy_is_malformed_unless_each_statement_has_its_members_once() {
        let malformed = Err("MalformedPolicyDocumentException".to_owned());
        let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        for (document, outcome) in [
            (json!({"Statement": statement}), Ok(Access::Limited)),
            (json!({"Version": "2008-10-17", "Id": "x", "Statement": [statement]}), Ok(Access::Limited)),
            (json!({"Version": "2019-10-19", "Statement": [statement]}), malformed.clone()),
            (json!({"Version": 2012, "Statement": [statement]}), malformed.clone()),
            (json!({"Version": "2012-10-17"}), malformed.clone()),
            (json!({"Version": "2012-10-17", "Statement": []}), malformed.clone()),
            (json!({"Statement": ["text"]}), malformed.clone()),
            (json!({"Statement": [statement], "Other": 1}), malformed.clone()),
            (json!([statement]), malformed.clone()),
        ] {
            assert_eq!(access(&document.to_string()), outcome, "{document}");
        }
        for text in ["", "{", "text", "null"] {
            assert_eq!(access(text), malformed, "{text}");
        }
        let text = |text: &str| Json::from(text);
        for changes in [
            vec![("Effect", Json::Null)],
            vec![("Effect", text("allow"))],
            vec![("Principal", Json::Null)],
            vec![("NotPrincipal", text("*"))],
            vec![("Principal", text("someone"))],
            vec![("Principal", json!({}))],
            vec![("Principal", json!({"AWS": []}))],
            vec![("Principal", json!({"AWS": "someone"}))],
            vec![("Principal", json!({"Other": "*"}))],
            vec![("Action", Json::Null)],
            vec![("Action", json!([]))],
            vec![("Action", text("GetSecretValue"))],
            vec![("NotAction", text("secretsmanager:*"))],
            vec![("Resource", Json::Null)],
            vec![("Resource", text("app"))],
            vec![("Sid", json!(1))],
            vec![("Condition", text("x"))],
            vec![("Condition", json!({"StringEquals": {"aws:userid": {}}}))],
            vec![("Other", text("x"))],
        ] {
            assert_eq!(access(&with(&changes)), malformed, "{changes:?}");
        }
        let twice = json!({"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        assert_eq!(access(&json!({"Statement": [twice, twice]}).to_string()), malformed);
    }

    #[test]
    fn access_is_broad_if_anyone_is_allowed_without_a_restricting_condition() {
        let condition = |condition: Json| vec![("Principal", json!("*")), ("Condition", condition)];
        for (changes, outcome) in [
            (vec![], Access::Limited),
            (vec![("Principal", json!("*"))], Access::Broad),
            (vec![("Principal", json!({"AWS": "*"}))], Access::Broad),
            (vec![("Principal", json!({"AWS": ["123456789012", "*"]}))], Access::Broad),
            (vec![("Principal", json!({"Service": "lambda.amazonaws.com"}))], Access::Limited),
            (vec![("Principal", json!("*")), ("Effect", json!("Deny"))], Access::Limited),
            (
                vec![("Principal", Json::Null), ("NotPrincipal", json!({"AWS": "123456789012"}))],
                Access::Broad,
            ),
            (condition(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), Access::Limited),
            (condition(json!({"StringEquals": {"aws:PrincipalOrgID": ["o-1", "*"]}})), Access::Broad),
            (condition(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})), Access::Broad),
            (condition(json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})), Access::Broad),
            (condition(json!({"Bool": {"aws:SecureTransport": true}})), Access::Broad),
            (condition(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})), Access::Broad),
        ] {
            assert_eq!(access(&with(&changes)), Ok(outcome), "{changes:?}");
        }
    }
}
