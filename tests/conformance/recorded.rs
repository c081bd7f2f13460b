//! local-aws against a table of what AWS was recorded, or is documented, to send back. Each row has its source, and how
//! sure it is. The numbers are those of the differences that local-aws once had.
#![expect(clippy::too_many_lines, reason = "a function of a table is as long as the table")]

mod describe;
mod labels;
mod limits;
mod lists;
mod members;
mod names;
mod operations;
mod policies;
mod replication;
mod row;
mod schedules;
mod tokens;

use std::time::{Duration, Instant};

use local_aws::Options;
use serde_json::{Value, json};
use testbed::start_local_aws;

use self::row::{Expected, Row, Step};
use super::{http, rotation_function};

/// How long a state may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

fn rows() -> Vec<Row> {
    [
        names::rows(),
        labels::rows(),
        tokens::rows(),
        describe::rows(),
        lists::rows(),
        limits::rows(),
        schedules::rows(),
        operations::rows(),
        policies::rows(),
        replication::rows(),
        members::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs a row on a local-aws of its own, with functions that can be called. Returns how it differs, if it does.
async fn difference(row: &Row) -> Option<String> {
    let functions = Some(rotation_function::names());
    let pause = Duration::from_millis(10);
    let failing_keys = vec![row::WRONG_KEY.to_owned()];
    let options = Options { functions, failing_keys, attempts: 2, pause, ..Options::default() };
    let local = start_local_aws(options).await;
    let _functions = rotation_function::serve(&local).await;
    let mut arn = String::new();
    for step in &row.steps {
        let found = match step {
            Step::Call { region, operation, body, expected } => {
                let (status, sent_back) =
                    http::send(&local.url(), region, operation, &filled_in(body, &arn)).await;
                let body = serde_json::from_slice(&sent_back).unwrap_or(Value::Null);
                let found = expected.difference(status, &body, |value| filled_in(value, &arn));
                if let Some(new) = body["ARN"].as_str() {
                    new.clone_into(&mut arn);
                }
                found.map(|what| format!("{operation}: {what}"))
            }
            Step::Until { operation, body, expected } => {
                let deadline = Instant::now() + PATIENCE;
                loop {
                    let (status, sent_back) =
                        http::send(&local.url(), http::REGION, operation, &filled_in(body, &arn)).await;
                    let body = serde_json::from_slice(&sent_back).unwrap_or(Value::Null);
                    let found = expected.difference(status, &body, |value| filled_in(value, &arn));
                    if found.is_none() || Instant::now() > deadline {
                        break found.map(|what| format!("{operation}, at last: {what}"));
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Step::Rotated { secret, version, succeeded } => {
                let rotation = local.rotated(secret, version).await;
                (rotation.succeeded != *succeeded).then(|| format!("the rotation: {rotation:?}"))
            }
        };
        if let Some(what) = found {
            return Some(format!("{}. {} ({}): {what}", row.difference, row.what, row.source));
        }
    }
    None
}

/// `$ARN` becomes the ARN of the last response that had one; `$ARN_THERE` the same in the region eu-west-1, `$PARTIAL_ARN` the
/// same without the random end.
fn filled_in(value: &Value, arn: &str) -> Value {
    let partial = arn.get(..arn.len().saturating_sub(7)).unwrap_or_default();
    let there = arn.replace(http::REGION, "eu-west-1");
    let fill =
        |text: &str| text.replace("$ARN_THERE", &there).replace("$ARN", arn).replace("$PARTIAL_ARN", partial);
    match value {
        Value::String(text) => json!(fill(text)),
        Value::Array(items) => items.iter().map(|item| filled_in(item, arn)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (fill(name), filled_in(value, arn))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_aws_sends_back_what_aws_was_recorded_to_send_back() {
    let rows = rows();
    let mut differ = Vec::new();
    for row in &rows {
        differ.extend(difference(row).await);
    }
    assert!(differ.is_empty(), "{} of {} rows differ from AWS: {differ:#?}", differ.len(), rows.len());
}

#[test]
fn every_difference_has_a_row_and_every_row_names_what_it_holds_once() {
    let rows = rows();
    let differences: std::collections::BTreeSet<u8> = rows.iter().map(|row| row.difference).collect();
    assert_eq!(differences, (1..=15).collect());
    let mut seen = std::collections::BTreeSet::new();
    for row in &rows {
        assert!(seen.insert(row.what), "twice: {}", row.what);
        assert!(row.steps.len() > 1 || matches!(row.steps[..], [Step::Call { .. }]), "no call: {}", row.what);
    }
}

#[test]
fn a_response_that_lacks_a_member_has_another_value_or_one_too_many_differs() {
    let expected =
        Expected::Returns(json!({"Name": "a", "Tags": [{"Key": "k"}], "At": "<number>", "Not": null}));
    let whole = |value: &Value| value.clone();
    let body = json!({"Name": "a", "Tags": [{"Key": "k", "Value": "v"}], "At": 1.5, "More": 1});
    assert_eq!(expected.difference(200, &body, whole), None);
    for (member, value) in [
        ("Name", json!("b")),
        ("Tags", json!([])),
        ("Tags", json!([{"Key": "k"}, {"Key": "l"}])),
        ("At", json!("soon")),
        ("Not", json!(1)),
    ] {
        let mut other = body.clone();
        other[member] = value;
        assert!(expected.difference(200, &other, whole).is_some_and(|what| what.contains(member)), "{other}");
    }
    assert!(expected.difference(400, &body, whole).is_some());
    let refused = Expected::Refused("Refused", Some("no"));
    for (status, body, same) in [
        (400, json!({"__type": "Refused", "Message": "no"}), true),
        (400, json!({"__type": "Refused", "message": "no"}), true),
        (400, json!({"__type": "Refused", "Message": "yes"}), false),
        (400, json!({"__type": "Other", "Message": "no"}), false),
        (200, json!({"__type": "Refused", "Message": "no"}), false),
    ] {
        assert_eq!(refused.difference(status, &body, whole).is_none(), same, "{status} {body}");
    }
    assert!(Expected::Nothing.difference(200, &Value::Null, whole).is_none());
    assert!(Expected::Nothing.difference(200, &json!({}), whole).is_some());
}
