//! Differences 11, 12, 14 and 15: limits, passwords, members that must not be ignored, empty bodies.

use serde_json::{Value, json};

use super::row::*;

fn new(fields: Value) -> Value {
    let mut body = json!({"Name": "s", "SecretString": "x", "ClientRequestToken": id(1)});
    for (name, value) in fields.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn tags(count: usize) -> Value {
    (0..count).map(|number| json!({"Key": format!("k{number}"), "Value": "v"})).collect()
}

pub(super) fn rows() -> Vec<Row> {
    let model = Known(Source::ApiReference, Sure::Documented);
    let one_tag = |key: &str, value: &str| json!({"Tags": [{"Key": key, "Value": value}]});
    let password = |body: Value| refused("GetRandomPassword", body, "InvalidParameterException");
    vec![
        Row {
            difference: 11,
            what: "a description has at most 2,048 characters",
            source: model,
            steps: vec![
                refused_somehow("CreateSecret", new(json!({"Description": "d".repeat(2_049)}))),
                succeeds("CreateSecret", new(json!({"Description": "d".repeat(2_048)}))),
            ],
        },
        Row {
            difference: 11,
            what: "a secret has at most 50 tags",
            source: Known(Source::UserGuide, Sure::Documented),
            steps: vec![
                refused_somehow("CreateSecret", new(json!({"Tags": tags(51)}))),
                succeeds("CreateSecret", new(json!({"Tags": tags(50)}))),
                refused_somehow(
                    "TagResource",
                    json!({"SecretId": "s", "Tags": [{"Key": "one more", "Value": ""}]}),
                ),
                described(
                    json!({"Tags": tags(50).as_array().map(|tags| tags.iter().map(|_| json!({"Value": "v"})).collect::<Vec<_>>())}),
                ),
            ],
        },
        Row {
            difference: 11,
            what: "a tag's key has 1 to 128 characters, its value at most 256",
            source: model,
            steps: vec![
                refused_somehow("CreateSecret", new(one_tag("", "v"))),
                refused_somehow("CreateSecret", new(one_tag(&"k".repeat(129), "v"))),
                refused_somehow("CreateSecret", new(one_tag("k", &"v".repeat(257)))),
                succeeds("CreateSecret", new(one_tag(&"k".repeat(128), &"v".repeat(256)))),
            ],
        },
        Row {
            difference: 11,
            what: "a request does not name a tag's key twice",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![refused_somehow(
                "CreateSecret",
                new(json!({"Tags": [{"Key": "k", "Value": "v"}, {"Key": "k", "Value": "w"}]})),
            )],
        },
        Row {
            difference: 12,
            what: "a password has at least as many characters as required types, and a space is no type",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![
                password(json!({"PasswordLength": 3})),
                password(json!({"PasswordLength": 3, "IncludeSpace": true})),
                returns(
                    "GetRandomPassword",
                    json!({"PasswordLength": 4, "IncludeSpace": true}),
                    json!({"RandomPassword": "<text>"}),
                ),
                returns(
                    "GetRandomPassword",
                    json!({"PasswordLength": 4}),
                    json!({"RandomPassword": "<text>"}),
                ),
                returns(
                    "GetRandomPassword",
                    json!({"PasswordLength": 1, "RequireEachIncludedType": false}),
                    json!({"RandomPassword": "<text>"}),
                ),
            ],
        },
        Row {
            difference: 15,
            what: "TagResource sends back nothing",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![
                create(),
                returns_nothing(
                    "TagResource",
                    json!({"SecretId": "s", "Tags": [{"Key": "k", "Value": "v"}]}),
                ),
                described(json!({"Tags": [{"Key": "k", "Value": "v"}]})),
            ],
        },
    ]
}
