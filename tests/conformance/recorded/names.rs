//! Differences 1 and 8: names and partial ARNs.

use serde_json::json;

use super::row::*;

const INVALID: &str = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";

pub(super) fn rows() -> Vec<Row> {
    let at_every_operation = [
        ("CancelRotateSecret", json!({})),
        ("DeleteSecret", json!({})),
        ("DeleteSecret", json!({"ForceDeleteWithoutRecovery": true})),
        ("DescribeSecret", json!({})),
        ("GetSecretValue", json!({})),
        ("ListSecretVersionIds", json!({})),
        ("PutSecretValue", json!({"SecretString": "x", "ClientRequestToken": id(1)})),
        ("RotateSecret", json!({"ClientRequestToken": id(1)})),
        ("TagResource", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
        ("UpdateSecretVersionStage", json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(1)})),
    ];
    let mut invalid = vec![refused_saying(
        "CreateSecret",
        json!({"Name": " Inv *?!]Name\\-", "SecretString": "x", "ClientRequestToken": id(1)}),
        "ValidationException",
        INVALID,
    )];
    invalid.extend(at_every_operation.map(|(operation, mut body)| {
        body["SecretId"] = json!(" Inv *?!]Name\\-");
        refused_saying(operation, body, "ValidationException", INVALID)
    }));
    let named = |name: &str| json!({"Name": name, "SecretString": "x", "ClientRequestToken": id(1)});
    let read = |id: &str| json!({"SecretId": id});
    vec![
        Row {
            difference: 1,
            what: "a name with a character that no name may have is invalid at every operation",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: invalid,
        },
        Row {
            difference: 1,
            what: "every character that a name may have, and the ! of RDS, is accepted",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                succeeds("CreateSecret", named("Valid/_+=.@-Name-a1b2")),
                returns("GetSecretValue", read("Valid/_+=.@-Name-a1b2"), json!({"SecretString": "x"})),
                succeeds("CreateSecret", named("rds!db-0a1b2c3d")),
                returns("GetSecretValue", read("rds!db-0a1b2c3d"), json!({"SecretString": "x"})),
            ],
        },
        Row {
            difference: 8,
            what: "a partial ARN finds a secret whose name does not end like an ARN",
            source: Known(Source::UserGuide, Sure::Documented),
            steps: vec![
                succeeds("CreateSecret", named("shop")),
                returns("GetSecretValue", read("$PARTIAL_ARN"), json!({"ARN": "$ARN", "SecretString": "x"})),
            ],
        },
        Row {
            difference: 8,
            what: "a partial ARN of a name that ends in a hyphen and six characters is not found",
            source: Known(Source::UserGuide, Sure::Documented),
            steps: vec![
                succeeds("CreateSecret", named("shop-abc123")),
                refused("GetSecretValue", read("$PARTIAL_ARN"), "ResourceNotFoundException"),
            ],
        },
    ]
}
