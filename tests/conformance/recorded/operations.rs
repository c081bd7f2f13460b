//! Difference 13: the operations that applications and tools call.

use serde_json::{Value, json};

use super::row::*;

const MODEL: Known = Known(Source::ApiReference, Sure::Documented);
const DELETED: &str = "You can't perform this operation on the secret because it was marked for deletion.";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = update();
    rows.extend(batch());
    rows.extend(restore());
    rows.extend(untag());
    rows
}

fn with_secret_id(mut body: Value) -> Value {
    body["SecretId"] = json!("s");
    body
}

fn update() -> Vec<Row> {
    let update = |body: Value, expected: Value| returns("UpdateSecret", with_secret_id(body), expected);
    let token = |value: &str, number: u8| json!({"SecretString": value, "ClientRequestToken": id(number)});
    vec![
        Row {
            difference: 13,
            what: "UpdateSecret without a value makes no version, and returns none",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                update(
                    json!({"Description": "d", "ClientRequestToken": id(2)}),
                    json!({"ARN": "$ARN", "Name": "s", "VersionId": null}),
                ),
                described(
                    json!({"Description": "d", "VersionIdsToStages": {id(1): ["AWSCURRENT"], id(2): null}}),
                ),
            ],
        },
        Row {
            difference: 13,
            what: "UpdateSecret with a value makes it current, and its predecessor previous",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                update(token("two", 2), json!({"ARN": "$ARN", "Name": "s", "VersionId": id(2)})),
                described(json!({"VersionIdsToStages": {id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]}})),
                returns("GetSecretValue", json!({"SecretId": "s"}), json!({"SecretString": "two"})),
            ],
        },
        Row {
            difference: 13,
            what: "UpdateSecret with a known token never changes that version's value",
            source: Known(Source::Moto, Sure::Recorded),
            steps: vec![
                create(),
                refused("UpdateSecret", with_secret_id(token("other", 1)), "ResourceExistsException"),
                returns("GetSecretValue", json!({"SecretId": "s"}), json!({"SecretString": "one"})),
            ],
        },
        Row {
            difference: 13,
            what: "UpdateSecret without a token is an invalid request",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                refused(
                    "UpdateSecret",
                    json!({"SecretId": "s", "SecretString": "x"}),
                    "InvalidRequestException",
                ),
            ],
        },
        Row {
            difference: 13,
            what: "UpdateSecret changes the KMS key, and takes it off with an empty one",
            source: MODEL,
            steps: vec![
                create(),
                update(
                    json!({"KmsKeyId": "alias/mine", "ClientRequestToken": id(2)}),
                    json!({"VersionId": null}),
                ),
                described(json!({"KmsKeyId": "alias/mine"})),
                update(json!({"KmsKeyId": "", "ClientRequestToken": id(3)}), json!({})),
                described(json!({"KmsKeyId": null})),
            ],
        },
        Row {
            difference: 13,
            what: "UpdateSecret of a deleted secret, and of none, is refused",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: vec![
                refused("UpdateSecret", with_secret_id(token("x", 2)), "ResourceNotFoundException"),
                create(),
                succeeds("DeleteSecret", json!({"SecretId": "s"})),
                refused_saying(
                    "UpdateSecret",
                    with_secret_id(token("x", 2)),
                    "InvalidRequestException",
                    DELETED,
                ),
            ],
        },
    ]
}

fn batch() -> Vec<Row> {
    let create = |name: &str| {
        succeeds("CreateSecret", json!({"Name": name, "SecretString": name, "ClientRequestToken": id(1)}))
    };
    let value = |name: &str| {
        json!({
            "Name": name, "SecretString": name, "VersionId": id(1), "VersionStages": ["AWSCURRENT"],
            "ARN": "<text>", "CreatedDate": "<number>", "SecretBinary": null,
        })
    };
    let many: Vec<String> = (0..21).map(|number| format!("s{number}")).collect();
    let of_names = json!([{"Key": "name", "Values": ["s"]}]);
    let parameter = |body: Value| refused("BatchGetSecretValue", body, "InvalidParameterException");
    vec![
        Row {
            difference: 13,
            what: "BatchGetSecretValue returns the values that there are, and an error for each other",
            source: MODEL,
            steps: vec![
                create("s1"),
                create("s2"),
                create("s3"),
                succeeds("DeleteSecret", json!({"SecretId": "s3"})),
                returns(
                    "BatchGetSecretValue",
                    json!({"SecretIdList": ["s1", "nobody", "s2", "s3"]}),
                    json!({
                        "SecretValues": [value("s1"), value("s2")],
                        "Errors": [
                            {"SecretId": "nobody", "ErrorCode": "ResourceNotFoundException", "Message": "<text>"},
                            {"SecretId": "s3", "ErrorCode": "InvalidRequestException", "Message": "<text>"},
                        ],
                        "NextToken": null,
                    }),
                ),
            ],
        },
        Row {
            difference: 13,
            what: "BatchGetSecretValue finds by filters, in pages, with an empty list of errors",
            source: MODEL,
            steps: vec![
                create("s1"),
                create("other"),
                returns(
                    "BatchGetSecretValue",
                    json!({"Filters": of_names}),
                    json!({"SecretValues": [value("s1")], "Errors": []}),
                ),
                create("s2"),
                returns(
                    "BatchGetSecretValue",
                    json!({"Filters": of_names, "MaxResults": 1}),
                    json!({"SecretValues": [{"VersionStages": ["AWSCURRENT"]}], "NextToken": "<text>"}),
                ),
            ],
        },
        Row {
            difference: 13,
            what: "BatchGetSecretValue takes ids or filters, not both or neither, and MaxResults with filters only",
            source: MODEL,
            steps: vec![
                create("s1"),
                parameter(json!({})),
                parameter(json!({"SecretIdList": ["s1"], "Filters": of_names})),
                parameter(json!({"SecretIdList": ["s1"], "MaxResults": 5})),
                refused_somehow("BatchGetSecretValue", json!({"SecretIdList": many})),
                refused_somehow("BatchGetSecretValue", json!({"SecretIdList": []})),
                refused_somehow("BatchGetSecretValue", json!({"Filters": of_names, "MaxResults": 21})),
            ],
        },
    ]
}

fn restore() -> Vec<Row> {
    let on_secret = || json!({"SecretId": "s"});
    vec![
        Row {
            difference: 13,
            what: "RestoreSecret takes the mark of a deletion off, and the value can be read again",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                succeeds("DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 7})),
                refused("GetSecretValue", on_secret(), "InvalidRequestException"),
                returns(
                    "RestoreSecret",
                    on_secret(),
                    json!({"ARN": "$ARN", "Name": "s", "DeletionDate": null}),
                ),
                described(json!({"DeletedDate": null})),
                returns("GetSecretValue", on_secret(), json!({"SecretString": "one"})),
            ],
        },
        Row {
            difference: 13,
            what: "RestoreSecret of a secret that never was, or that was deleted by force, finds nothing",
            source: MODEL,
            steps: vec![
                refused("RestoreSecret", on_secret(), "ResourceNotFoundException"),
                create(),
                succeeds("DeleteSecret", json!({"SecretId": "s", "ForceDeleteWithoutRecovery": true})),
                refused("RestoreSecret", on_secret(), "ResourceNotFoundException"),
            ],
        },
        Row {
            difference: 13,
            what: "a name whose secret is marked for deletion cannot be created",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                succeeds("DeleteSecret", on_secret()),
                refused_saying(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "x", "ClientRequestToken": id(2)}),
                    "InvalidRequestException",
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                ),
            ],
        },
    ]
}

fn untag() -> Vec<Row> {
    let tag = |key: &str| {
        returns_nothing("TagResource", json!({"SecretId": "s", "Tags": [{"Key": key, "Value": "v"}]}))
    };
    let untag = |keys: &[&str]| returns_nothing("UntagResource", json!({"SecretId": "s", "TagKeys": keys}));
    vec![
        Row {
            difference: 13,
            what: "UntagResource takes tags off, also such as are not there",
            source: Known(Source::LocalStack, Sure::Recorded),
            steps: vec![
                create(),
                described(json!({"Tags": null})),
                tag("a"),
                tag("b"),
                untag(&["a", "never"]),
                described(json!({"Tags": [{"Key": "b", "Value": "v"}]})),
            ],
        },
        Row {
            difference: 13,
            what: "UntagResource of a secret that never was finds nothing",
            source: MODEL,
            steps: vec![refused(
                "UntagResource",
                json!({"SecretId": "s", "TagKeys": ["a"]}),
                "ResourceNotFoundException",
            )],
        },
    ]
}
