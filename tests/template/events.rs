//! The template's rules for events, and the events of local-aws, which have the members of recorded ones.

use local_aws::{LocalAws, Options};
use serde_json::Value;
use testbed::{secrets_manager, start_local_aws};

use super::everything;
use super::render::{Rendered, render};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A server whose functions are unreachable: it emits `RotationFailed`, `TestRotationFailed` and `RotationAbandoned`.
async fn with_failures(secret: &str, function: &str) -> LocalAws {
    let functions = Some(vec![function.to_owned()]);
    // Port 1 of loopback: nothing listens there.
    let lambda_url = Some("http://127.0.0.1:1".to_owned());
    let local = start_local_aws(Options { functions, lambda_url, attempts: 1, ..Options::default() }).await;
    let client = secrets_manager(&local.url());
    client.create_secret().name(secret).secret_string("one").send().await.expect("a secret");
    for immediately in [false, true] {
        let rotate = client.rotate_secret().secret_id(secret).rotation_lambda_arn(format!("{ARN}{function}"));
        let started = rotate.rotate_immediately(immediately).send().await.expect("a rotation");
        local.rotated(secret, started.version_id().expect("a version")).await;
    }
    client.put_secret_value().secret_id(secret).secret_string("two").send().await.expect("a put");
    local
}

/// The names of the rules that an event matches.
fn rules(template: &Rendered, event: &Value) -> Vec<String> {
    let all = template.ids("AWS::Events::Rule").into_iter().filter(|rule| !rule.ends_with("Watch"));
    all.filter(|rule| matches(&template.properties(rule)["EventPattern"], Some(event))).collect()
}

#[tokio::test]
async fn an_event_reaches_the_rule_of_its_name_if_the_stack_owns_the_function() {
    let [template] = render([everything()]);
    let own = ["RotationFailedEvents", "TestRotationFailedEvents"];
    for (secret, function, failures) in [
        ("app", "rotate-postgres-single-user", Some(own)),
        ("app", "rotate-mysql-dual-password", Some(own)),
        ("app", "of-another-stack", None),
        ("rds!db-1", "rotate-postgres-single-user", None),
    ] {
        let local = with_failures(secret, function).await;
        let events = local.events();
        assert_eq!(events.len(), 5, "{events:?}");
        for event in &events {
            let reached = rules(&template, event);
            let expected = match event["detail"]["eventName"].as_str().expect("a name") {
                "RotationFailed" => failures.map(|rules| rules[0]),
                "TestRotationFailed" => failures.map(|rules| rules[1]),
                // It names no function, so that only a secret of another service is left out.
                "RotationAbandoned" => (secret == "app").then_some("RotationAbandonedEvents"),
                _ => None,
            };
            assert_eq!(reached, expected.into_iter().collect::<Vec<_>>(), "{event}");
        }
    }
}

/// Whether an event matches a pattern of `EventBridge`, as far as the template's patterns go (user guide, "Comparison
/// operators"): every member of the pattern has a list, of which one entry matches.
fn matches(pattern: &Value, event: Option<&Value>) -> bool {
    match pattern {
        Value::Object(members) => {
            members.iter().all(|(name, pattern)| matches(pattern, event.and_then(|event| event.get(name))))
        }
        Value::Array(entries) => entries.iter().any(|entry| is_match(entry, event)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("neither members nor a list: {pattern}")
        }
    }
}

fn is_match(entry: &Value, value: Option<&Value>) -> bool {
    let Value::Object(operator) = entry else { return value == Some(entry) };
    let (name, operand) = operator.iter().next().expect("an operator");
    let text = value.and_then(Value::as_str);
    match name.as_str() {
        "exists" => operand.as_bool() == Some(value.is_some()),
        "wildcard" => text.is_some_and(|text| is_like(text, operand.as_str().expect("a text"))),
        "anything-but" => text.is_some() && !is_match(operand, value),
        other => panic!("an operator that the template did not have: {other}"),
    }
}

/// Whether a text matches a pattern in which an asterisk stands for any characters.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return text == pattern };
    let Some(rest) = text.strip_prefix(before) else { return false };
    rest.char_indices().any(|(at, _)| is_like(&rest[at..], after)) || is_like("", after)
}

#[test]
fn an_asterisk_stands_for_any_characters() {
    for (text, pattern, expected) in [
        ("a:function:b", "*:function:*", true),
        (":function:", "*:function:*", true),
        ("a:secret:b", "*:function:*", false),
        ("a:function:rotate-mysql-x", "*:function:rotate-mysql-*", true),
        ("a:function:rotate-x", "*:function:rotate-mysql-*", false),
        ("ab", "a", false),
        ("ab", "a*b", true),
        ("ab", "a*c", false),
    ] {
        assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
    }
}
