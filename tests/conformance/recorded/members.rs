//! Difference 14: members that were ignored, and the region that a request is signed for.

use serde_json::{Value, json};

use super::row::*;
use crate::conformance::http;

const MODEL: Known = Known(Source::ApiReference, Sure::Documented);

fn in_region(region: &'static str, operation: &'static str, body: Value, expected: Expected) -> Step {
    Step::Call { region, operation, body, expected }
}

pub(super) fn rows() -> Vec<Row> {
    let value = |value: &str| json!({"Name": "s", "SecretString": value, "ClientRequestToken": id(1)});
    let on_secret = || json!({"SecretId": "s"});
    vec![
        Row {
            difference: 14,
            what: "each region has secrets of its own, with its name in their ARNs",
            source: MODEL,
            steps: vec![
                in_region(
                    "eu-west-1",
                    "CreateSecret",
                    value("Europe"),
                    Expected::Returns(json!({"Name": "s"})),
                ),
                in_region(
                    http::REGION,
                    "GetSecretValue",
                    on_secret(),
                    Expected::Refused("ResourceNotFoundException", None),
                ),
                in_region(
                    http::REGION,
                    "CreateSecret",
                    value("America"),
                    Expected::Returns(json!({"Name": "s"})),
                ),
                in_region(
                    "eu-west-1",
                    "GetSecretValue",
                    on_secret(),
                    Expected::Returns(json!({"SecretString": "Europe"})),
                ),
                in_region(
                    http::REGION,
                    "GetSecretValue",
                    on_secret(),
                    Expected::Returns(json!({"SecretString": "America"})),
                ),
                in_region(
                    "eu-west-1",
                    "GetSecretValue",
                    json!({"SecretId": "$ARN"}),
                    Expected::RefusedSomehow,
                ),
                in_region(
                    http::REGION,
                    "GetSecretValue",
                    json!({"SecretId": "$ARN"}),
                    Expected::Returns(json!({"ARN": "$ARN"})),
                ),
            ],
        },
        Row {
            difference: 14,
            what: "a value is not written with a key that cannot be used",
            source: MODEL,
            steps: vec![
                refused(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "x", "KmsKeyId": WRONG_KEY, "ClientRequestToken": id(1)}),
                    "EncryptionFailure",
                ),
                refused("DescribeSecret", on_secret(), "ResourceNotFoundException"),
                create(),
                refused(
                    "UpdateSecret",
                    json!({"SecretId": "s", "SecretString": "x", "KmsKeyId": WRONG_KEY, "ClientRequestToken": id(2)}),
                    "EncryptionFailure",
                ),
                returns("GetSecretValue", on_secret(), json!({"SecretString": "one"})),
                described(json!({"KmsKeyId": null})),
            ],
        },
        Row {
            difference: 14,
            what: "a value is a text or bytes, not both",
            source: MODEL,
            steps: vec![
                refused(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "x", "SecretBinary": "eA==", "ClientRequestToken": id(1)}),
                    "InvalidParameterException",
                ),
                succeeds(
                    "CreateSecret",
                    json!({"Name": "s", "SecretBinary": "eA==", "ClientRequestToken": id(1)}),
                ),
                returns("GetSecretValue", on_secret(), json!({"SecretBinary": "eA==", "SecretString": null})),
            ],
        },
        Row {
            difference: 14,
            what: "a secret without a value has no version, and its first value becomes current",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                returns(
                    "CreateSecret",
                    json!({"Name": "s", "ClientRequestToken": id(1)}),
                    json!({"Name": "s", "VersionId": null}),
                ),
                described(json!({"VersionIdsToStages": null})),
                refused("GetSecretValue", on_secret(), "ResourceNotFoundException"),
                returns(
                    "PutSecretValue",
                    json!({"SecretId": "s", "SecretString": "x", "ClientRequestToken": id(2)}),
                    json!({"VersionId": id(2), "VersionStages": ["AWSCURRENT"]}),
                ),
            ],
        },
    ]
}
