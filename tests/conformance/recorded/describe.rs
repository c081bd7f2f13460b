//! Difference 7: what `DescribeSecret` shows.

use serde_json::json;

use super::row::*;
use crate::conformance::rotation_function::arn;

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";

pub(super) fn rows() -> Vec<Row> {
    let new = |member: &str, value: &str| {
        let mut body = json!({"Name": "s", "SecretString": "one", "ClientRequestToken": id(1)});
        body[member] = json!(value);
        succeeds("CreateSecret", body)
    };
    let on_secret = || json!({"SecretId": "s"});
    vec![
        Row {
            difference: 7,
            what: "a new secret has no member about rotation, deletion, access or tags",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                described(json!({
                    "ARN": "$ARN", "Name": "s", "CreatedDate": "<number>", "LastChangedDate": "<number>",
                    "VersionIdsToStages": {id(1): ["AWSCURRENT"]}, "Description": null, "KmsKeyId": null, "Tags": null,
                    "RotationEnabled": null, "RotationRules": null, "LastRotatedDate": null, "NextRotationDate": null,
                    "LastAccessedDate": null, "DeletedDate": null, "PrimaryRegion": null, "ReplicationStatus": null,
                })),
            ],
        },
        Row {
            difference: 7,
            what: "an empty description is left out",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![new("Description", ""), described(json!({"Description": null}))],
        },
        Row {
            difference: 7,
            what: "a description and a KMS key are shown",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: vec![
                succeeds(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "one", "ClientRequestToken": id(1), "Description": "d", "KmsKeyId": KEY}),
                ),
                described(json!({"Description": "d", "KmsKeyId": KEY})),
            ],
        },
        Row {
            difference: 7,
            what: "a secret whose rotation was turned off has no dates of rotations, but its function and rules",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: vec![
                create(),
                rotate("rotates", 2),
                rotated(2, true),
                succeeds("CancelRotateSecret", on_secret()),
                described(json!({
                    "RotationEnabled": false, "LastRotatedDate": null, "NextRotationDate": null,
                    "RotationLambdaARN": arn("rotates"), "RotationRules": {"AutomaticallyAfterDays": 30},
                })),
            ],
        },
        Row {
            difference: 7,
            what: "a read that fails sets no LastAccessedDate, and one that succeeds sets it",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![
                create(),
                refused(
                    "GetSecretValue",
                    json!({"SecretId": "s", "VersionStage": "AWSPENDING"}),
                    "ResourceNotFoundException",
                ),
                described(json!({"LastAccessedDate": null})),
                succeeds("GetSecretValue", on_secret()),
                described(json!({"LastAccessedDate": "<number>"})),
            ],
        },
        Row {
            difference: 7,
            what: "a person's put while rotation is on counts as a rotation",
            source: Known(Source::ApiReference, Sure::Documented),
            steps: vec![
                create(),
                rotate("stuck", 2),
                rotated(2, false),
                described(json!({"LastRotatedDate": null})),
                succeeds(
                    "PutSecretValue",
                    json!({"SecretId": "s", "SecretString": "two", "ClientRequestToken": id(3)}),
                ),
                described(json!({"LastRotatedDate": "<number>"})),
            ],
        },
        Row {
            difference: 7,
            what: "DeleteSecret turns rotation off",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![
                create(),
                rotate("rotates", 2),
                rotated(2, true),
                returns(
                    "DeleteSecret",
                    on_secret(),
                    json!({"ARN": "$ARN", "Name": "s", "DeletionDate": "<number>"}),
                ),
                described(json!({"RotationEnabled": false, "DeletedDate": "<number>"})),
            ],
        },
    ]
}
