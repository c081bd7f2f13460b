//! Difference 13: resource policies.

use serde_json::{Value, json};

use super::row::*;

const MODEL: Known = Known(Source::ApiReference, Sure::Documented);
/// With spaces, which come back as they were put.
const PRIVATE: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}"#;
const PUBLIC: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}"#;

pub(super) fn rows() -> Vec<Row> {
    let on_secret = || json!({"SecretId": "s"});
    let put = |policy: &str| json!({"SecretId": "s", "ResourcePolicy": policy});
    let put_private =
        |policy: &str| json!({"SecretId": "s", "ResourcePolicy": policy, "BlockPublicPolicy": true});
    let get = |policy: Value| {
        returns(
            "GetResourcePolicy",
            on_secret(),
            json!({"ARN": "$ARN", "Name": "s", "ResourcePolicy": policy}),
        )
    };
    let named = || json!({"ARN": "$ARN", "Name": "s"});
    vec![
        Row {
            difference: 13,
            what: "a resource policy comes back as it was put, and a secret without one has no member for it",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                get(Value::Null),
                returns("PutResourcePolicy", put(PRIVATE), named()),
                get(json!(PRIVATE)),
                returns("DeleteResourcePolicy", on_secret(), named()),
                get(Value::Null),
            ],
        },
        Row {
            difference: 13,
            what: "a public policy is kept, unless BlockPublicPolicy is set",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                refused("PutResourcePolicy", put_private(PUBLIC), "PublicPolicyException"),
                get(Value::Null),
                returns("PutResourcePolicy", put(PUBLIC), named()),
                get(json!(PUBLIC)),
                returns("PutResourcePolicy", put_private(PRIVATE), named()),
            ],
        },
        Row {
            difference: 13,
            what: "a malformed policy is refused, and the policy before it stays",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: vec![
                create(),
                succeeds("PutResourcePolicy", put(PRIVATE)),
                refused("PutResourcePolicy", put("{"), "MalformedPolicyDocumentException"),
                refused(
                    "PutResourcePolicy",
                    put(&PRIVATE.replace("2012-10-17", "2019-10-19")),
                    "MalformedPolicyDocumentException",
                ),
                get(json!(PRIVATE)),
            ],
        },
        Row {
            difference: 13,
            what: "ValidateResourcePolicy passes a private policy with an empty list of errors",
            source: MODEL,
            steps: vec![returns(
                "ValidateResourcePolicy",
                json!({"ResourcePolicy": PRIVATE}),
                json!({"PolicyValidationPassed": true, "ValidationErrors": []}),
            )],
        },
        Row {
            difference: 13,
            what: "ValidateResourcePolicy does not pass a public policy, and says why",
            source: MODEL,
            steps: vec![returns(
                "ValidateResourcePolicy",
                json!({"ResourcePolicy": PUBLIC}),
                json!({
                    "PolicyValidationPassed": false,
                    "ValidationErrors": [{"CheckName": "<text>", "ErrorMessage": "<text>"}],
                }),
            )],
        },
        Row {
            difference: 13,
            what: "the policy of a secret that never was is not found",
            source: MODEL,
            steps: vec![
                refused("GetResourcePolicy", on_secret(), "ResourceNotFoundException"),
                refused("PutResourcePolicy", put(PRIVATE), "ResourceNotFoundException"),
                refused("DeleteResourcePolicy", on_secret(), "ResourceNotFoundException"),
            ],
        },
    ]
}
