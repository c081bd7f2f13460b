//! Differences 7 and 10: the rules of a rotation, and the next one.

use serde_json::{Value, json};

use super::row::*;
use crate::conformance::rotation_function::arn;

fn rotate_by(rules: Value) -> Value {
    json!({"SecretId": "s", "RotationLambdaARN": arn("rotates"), "ClientRequestToken": id(2), "RotationRules": rules})
}

fn row(what: &'static str, source: Known, rules: &[Value], step: fn(&'static str, Value) -> Step) -> Row {
    let mut steps = vec![create()];
    steps.extend(rules.iter().map(|rules| step("RotateSecret", rotate_by(rules.clone()))));
    Row { difference: 10, what, source, steps }
}

pub(super) fn rows() -> Vec<Row> {
    let guide = Known(Source::UserGuide, Sure::Documented);
    let schedule = |text: &str| json!({"ScheduleExpression": text});
    let window = |text: &str, duration: &str| json!({"ScheduleExpression": text, "Duration": duration});
    let accepted = |text: &'static str, duration: Option<&str>| {
        let mut rules = schedule(text);
        if let Some(duration) = duration {
            rules["Duration"] = json!(duration);
        }
        let mut body = rotate_by(rules.clone());
        body["RotateImmediately"] = json!(false);
        let steps = vec![
            create(),
            succeeds("RotateSecret", body),
            described(json!({"RotationRules": rules, "NextRotationDate": "<number>"})),
        ];
        Row { difference: 10, what: text, source: guide, steps }
    };
    vec![
        Row {
            difference: 13,
            what: "the last tag that is taken off leaves an empty list behind",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                returns_nothing(
                    "TagResource",
                    json!({"SecretId": "s", "Tags": [{"Key": "k", "Value": "v"}]}),
                ),
                returns_nothing("UntagResource", json!({"SecretId": "s", "TagKeys": ["k"]})),
                described(json!({"Tags": []})),
            ],
        },
        Row {
            difference: 7,
            what: "a rotation has a next date, from its days",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                rotate("rotates", 2),
                rotated(2, true),
                described(json!({
                    "NextRotationDate": "<number>", "LastRotatedDate": "<number>", "RotationEnabled": true,
                    "RotationRules": {"AutomaticallyAfterDays": 30, "ScheduleExpression": null}, "RotationLambdaARN": arn("rotates"),
                })),
            ],
        },
        Row {
            difference: 7,
            what: "days are computed beside a schedule expression",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: vec![
                create(),
                succeeds(
                    "RotateSecret",
                    json!({
                        "SecretId": "s", "RotationLambdaARN": arn("rotates"), "ClientRequestToken": id(2),
                        "RotationRules": {"ScheduleExpression": "rate(10 days)"},
                    }),
                ),
                rotated(2, true),
                described(json!({
                    "NextRotationDate": "<number>",
                    "RotationRules": {"ScheduleExpression": "rate(10 days)", "AutomaticallyAfterDays": 10},
                })),
            ],
        },
        accepted("rate(4 hours)", None),
        accepted("rate(1 day)", None),
        accepted("rate(10 days)", Some("3h")),
        accepted("cron(0 8 1 * ? *)", None),
        accepted("cron(0 4/12 * * ? *)", None),
        accepted("cron(0 10 ? FEB,MAY,AUG,NOV TUE#2 *)", Some("2h")),
        accepted("cron(0 16 L * ? *)", None),
        row(
            "a rate in minutes, under four hours or of none is refused",
            guide,
            &[
                "rate(3 minutes)",
                "rate(1 hours)",
                "rate(3 hours)",
                "rate(0 days)",
                "rate(-1 days)",
                "rate(days)",
                "every day",
            ]
            .map(schedule),
            refused_somehow,
        ),
        row(
            "a cron expression off the hour, for one year, or without its six fields is refused",
            guide,
            &[
                "cron(30 8 1 * ? *)",
                "cron(0 8 1 * ? 2030)",
                "cron(0 8 1 * ?)",
                "cron(0 24 * * ? *)",
                "cron(0 8 32 * ? *)",
            ]
            .map(schedule),
            refused_somehow,
        ),
        row(
            "a window that is not in hours, or is longer than a day, is refused",
            guide,
            &[
                window("rate(10 days)", "99h"),
                window("rate(10 days)", "90m"),
                window("rate(10 days)", "0h"),
                window("rate(4 hours)", "5h"),
            ],
            refused_somehow,
        ),
        row(
            "days outside of 1 to 1,000 are refused",
            Known(Source::ApiReference, Sure::Documented),
            &[json!({"AutomaticallyAfterDays": 0}), json!({"AutomaticallyAfterDays": 1001})],
            refused_somehow,
        ),
        Row {
            difference: 10,
            what: "days and an expression together are refused",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: vec![
                create(),
                refused_saying(
                    "RotateSecret",
                    rotate_by(json!({"AutomaticallyAfterDays": 10, "ScheduleExpression": "rate(10 days)"})),
                    "InvalidParameterException",
                    "You cannot specify both rotation frequency and schedule expression together.",
                ),
            ],
        },
    ]
}
