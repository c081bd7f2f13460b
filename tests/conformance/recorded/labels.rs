//! Differences 2 to 4: what a rotation does to labels, and what stops it.

use serde_json::json;

use super::row::*;
use crate::conformance::rotation_function::arn;

const UNFINISHED: &str = "A previous rotation isn't complete. That rotation will be reattempted.";
const CANNOT_INVOKE: &str = "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants \
                             access to the principal secretsmanager.amazonaws.com.";

pub(super) fn rows() -> Vec<Row> {
    let rotate_again = || {
        let body = json!({"SecretId": "s", "ClientRequestToken": id(3)});
        refused_saying("RotateSecret", body, "InvalidRequestException", UNFINISHED)
    };
    let put =
        |number: u8| json!({"SecretId": "s", "SecretString": "by hand", "ClientRequestToken": id(number)});
    vec![
        Row {
            difference: 2,
            what: "RotateSecret with a function that does not exist is refused and changes nothing",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                refused_saying(
                    "RotateSecret",
                    json!({"SecretId": "s", "RotationLambdaARN": arn("nobody"), "ClientRequestToken": id(2)}),
                    "AccessDeniedException",
                    CANNOT_INVOKE,
                ),
                described(json!({
                    "RotationEnabled": null, "RotationLambdaARN": null, "RotationRules": null,
                    "LastRotatedDate": null, "VersionIdsToStages": {id(1): ["AWSCURRENT"], id(2): null},
                })),
            ],
        },
        Row {
            difference: 2,
            what: "a rotation leaves AWSPENDING on AWSCURRENT if the function does",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                rotate("rotates", 2),
                until_described(json!({
                    "RotationEnabled": true, "LastRotatedDate": "<number>",
                    "VersionIdsToStages": {id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT", "AWSPENDING"]},
                })),
            ],
        },
        Row {
            difference: 3,
            what: "a rotation is refused while another is unfinished",
            source: Known(Source::Recording, Sure::Recorded),
            steps: vec![create(), rotate("stuck", 2), rotated(2, false), rotate_again()],
        },
        Row {
            difference: 3,
            what: "a person's PutSecretValue takes AWSPENDING off a stuck rotation, and RotateSecret is accepted again",
            source: Known(Source::Terraform, Sure::Documented),
            steps: vec![
                create(),
                rotate("stuck", 2),
                rotated(2, false),
                returns("PutSecretValue", put(4), json!({"VersionStages": ["AWSCURRENT"]})),
                described(json!({
                    "VersionIdsToStages": {id(1): ["AWSPREVIOUS"], id(2): null, id(4): ["AWSCURRENT"]},
                })),
                rotate("rotates", 5),
                rotated(5, true),
                returns(
                    "GetSecretValue",
                    json!({"SecretId": "s"}),
                    json!({"SecretString": "rotated", "VersionId": id(5)}),
                ),
            ],
        },
        Row {
            difference: 3,
            what: "the version that an abandoned rotation leaves has no label, and can be read by its id",
            source: Known(Source::UserGuide, Sure::Inferred),
            steps: vec![
                create(),
                rotate("stuck", 2),
                rotated(2, false),
                succeeds("PutSecretValue", put(4)),
                returns(
                    "GetSecretValue",
                    json!({"SecretId": "s", "VersionId": id(2)}),
                    json!({"SecretString": "rotated"}),
                ),
            ],
        },
        Row {
            difference: 4,
            what: "a pending version that the function did not write fails the rotation",
            source: Known(Source::UserGuide, Sure::Documented),
            steps: vec![
                create(),
                rotate("stranger", 2),
                rotated(2, false),
                described(json!({"LastRotatedDate": null})),
            ],
        },
        Row {
            difference: 4,
            what: "a finishSecret that takes AWSPENDING off but does not move AWSCURRENT is no success",
            source: Known(Source::UserGuide, Sure::Inferred),
            steps: vec![
                create(),
                rotate("never-moves", 2),
                rotated(2, false),
                described(json!({"LastRotatedDate": null})),
            ],
        },
    ]
}
