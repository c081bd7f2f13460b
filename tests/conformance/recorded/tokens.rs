//! Differences 5 and 6: client request tokens.

use serde_json::json;

use super::row::*;

const NO_TOKEN: &str = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";

pub(super) fn rows() -> Vec<Row> {
    let again = |value: &str, number: u8| json!({"Name": "s", "SecretString": value, "ClientRequestToken": id(number)});
    vec![
        Row {
            difference: 5,
            what: "a write without a token is an invalid request, but RotateSecret without one has an invalid parameter",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                refused_saying(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "x"}),
                    "InvalidRequestException",
                    NO_TOKEN,
                ),
                create(),
                refused_saying(
                    "PutSecretValue",
                    json!({"SecretId": "s", "SecretString": "x"}),
                    "InvalidRequestException",
                    NO_TOKEN,
                ),
                refused_saying(
                    "RotateSecret",
                    json!({"SecretId": "s"}),
                    "InvalidParameterException",
                    NO_TOKEN,
                ),
            ],
        },
        Row {
            difference: 6,
            what: "CreateSecret again with the same token and value returns the same secret",
            source: Known(Source::Moto, Sure::Recorded),
            steps: vec![
                create(),
                returns(
                    "CreateSecret",
                    again("one", 1),
                    json!({"ARN": "$ARN", "Name": "s", "VersionId": id(1)}),
                ),
            ],
        },
        Row {
            difference: 6,
            what: "CreateSecret again with the same token and another value says that the token is in use",
            source: Known(Source::Moto, Sure::Recorded),
            steps: vec![
                create(),
                refused_saying(
                    "CreateSecret",
                    again("two", 1),
                    "ResourceExistsException",
                    "You can't use ClientRequestToken 01aaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee because that value is already in use \
                     for a version of secret $ARN.",
                ),
                returns("GetSecretValue", json!({"SecretId": "s"}), json!({"SecretString": "one"})),
            ],
        },
        Row {
            difference: 6,
            what: "CreateSecret of a name that exists, with another token, says that the secret exists",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                refused_saying(
                    "CreateSecret",
                    again("one", 2),
                    "ResourceExistsException",
                    "The operation failed because the secret s already exists.",
                ),
            ],
        },
    ]
}
