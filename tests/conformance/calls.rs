//! The calls: each sequence builds on a secret of its own.

use serde_json::{Value, json};

/// Calls that build on each other, on a secret of their own.
pub(super) struct Sequence {
    pub(super) name: &'static str,
    pub(super) calls: Vec<(&'static str, Value)>,
}

/// A version id.
fn id(number: u8) -> String {
    format!("{number:02}aaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
}

/// A call on the sequence's secret.
fn on(secret: &str, fields: Value) -> Value {
    let mut body = json!({"SecretId": secret});
    for (name, value) in fields.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn create(name: &str) -> (&'static str, Value) {
    ("CreateSecret", json!({"Name": name, "SecretString": "one", "ClientRequestToken": id(1)}))
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:nobody";

/// The list.
pub(super) fn sequences() -> Vec<Sequence> {
    vec![
        values(),
        tokens(),
        pending(),
        moves(),
        moves_to_nowhere(),
        moves_before_the_last_step(),
        rotation(),
        rotation_without_function(),
        second_rotation(),
        unknown(),
        refused(),
        too_large(),
        tags(),
        deletion(),
        write_to_deleted(),
        passwords(),
    ]
}

fn values() -> Sequence {
    let s = "values";
    let calls = vec![
        create(s),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
        ("PutSecretValue", on(s, json!({"SecretString": "two", "ClientRequestToken": id(2)}))),
        ("GetSecretValue", on(s, json!({}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSPREVIOUS"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(1)}))),
        ("DescribeSecret", on(s, json!({}))),
        ("PutSecretValue", on(s, json!({"SecretString": "three", "ClientRequestToken": id(3)}))),
        ("DescribeSecret", on(s, json!({}))),
        ("ListSecretVersionIds", on(s, json!({}))),
        ("ListSecretVersionIds", on(s, json!({"IncludeDeprecated": true}))),
        ("ListSecrets", json!({"Filters": [{"Key": "name", "Values": [s]}]})),
    ];
    Sequence { name: s, calls }
}

fn tokens() -> Sequence {
    let s = "tokens";
    let put =
        |value: &str| ("PutSecretValue", on(s, json!({"SecretString": value, "ClientRequestToken": id(2)})));
    let calls = vec![
        create(s),
        put("two"),
        put("two"),
        ("GetSecretValue", on(s, json!({"VersionId": id(2)}))),
        put("other"),
        ("GetSecretValue", on(s, json!({"VersionId": id(2)}))),
    ];
    Sequence { name: s, calls }
}

fn pending() -> Sequence {
    let s = "pending";
    let put = json!({"SecretString": "two", "ClientRequestToken": id(2), "VersionStages": ["AWSPENDING"]});
    let calls = vec![
        create(s),
        ("PutSecretValue", on(s, put)),
        ("DescribeSecret", on(s, json!({}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSPENDING"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(2), "VersionStage": "AWSPENDING"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(2), "VersionStage": "AWSCURRENT"}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSPREVIOUS"}))),
    ];
    Sequence { name: s, calls }
}

fn moves() -> Sequence {
    let s = "moves";
    let put = json!({"SecretString": "two", "ClientRequestToken": id(2), "VersionStages": ["AWSPENDING"]});
    let stage = |fields: Value| ("UpdateSecretVersionStage", on(s, fields));
    let calls = vec![
        create(s),
        ("PutSecretValue", on(s, put)),
        stage(json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(2)})),
        stage(json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(2), "RemoveFromVersionId": id(2)})),
        ("DescribeSecret", on(s, json!({}))),
        stage(json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(2), "RemoveFromVersionId": id(1)})),
        ("DescribeSecret", on(s, json!({}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
        stage(json!({"VersionStage": "AWSPENDING", "RemoveFromVersionId": id(2)})),
        ("DescribeSecret", on(s, json!({}))),
        stage(json!({"VersionStage": "mine", "MoveToVersionId": id(1)})),
        ("DescribeSecret", on(s, json!({}))),
        stage(json!({"VersionStage": "mine", "MoveToVersionId": id(2), "RemoveFromVersionId": id(1)})),
        ("DescribeSecret", on(s, json!({}))),
    ];
    Sequence { name: s, calls }
}

fn moves_to_nowhere() -> Sequence {
    let s = "moves-to-nowhere";
    let nowhere =
        json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(9), "RemoveFromVersionId": id(1)});
    let calls =
        vec![create(s), ("UpdateSecretVersionStage", on(s, nowhere)), ("DescribeSecret", on(s, json!({})))];
    Sequence { name: s, calls }
}

/// The pending version becomes current during a rotation, as a setSecret makes it that promotes, and what comes after it finds.
fn moves_before_the_last_step() -> Sequence {
    let s = "moves-before-the-last-step";
    let put = json!({"SecretString": "two", "ClientRequestToken": id(2), "VersionStages": ["AWSPENDING"]});
    let promote = || {
        let fields =
            json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(2), "RemoveFromVersionId": id(1)});
        ("UpdateSecretVersionStage", on(s, fields))
    };
    let calls = vec![
        create(s),
        ("RotateSecret", on(s, json!({"RotationLambdaARN": FUNCTION, "ClientRequestToken": id(2)}))),
        ("PutSecretValue", on(s, put)),
        promote(),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSPREVIOUS"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(2), "VersionStage": "AWSPENDING"}))),
        promote(),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
    ];
    Sequence { name: s, calls }
}

/// A function that does not exist leaves the state in which createSecret finds a secret.
fn rotation() -> Sequence {
    let s = "rotation";
    let rotate = json!({"RotationLambdaARN": FUNCTION, "ClientRequestToken": id(2), "RotationRules": {"AutomaticallyAfterDays": 30}});
    let calls = vec![
        create(s),
        ("RotateSecret", on(s, rotate)),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSPENDING"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(2)}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "AWSCURRENT"}))),
        ("DescribeSecret", on(s, json!({}))),
        (
            "PutSecretValue",
            on(
                s,
                json!({"SecretString": "two", "ClientRequestToken": id(2), "VersionStages": ["AWSPENDING"]}),
            ),
        ),
        ("GetSecretValue", on(s, json!({"VersionId": id(2), "VersionStage": "AWSPENDING"}))),
        ("CancelRotateSecret", on(s, json!({}))),
        ("DescribeSecret", on(s, json!({}))),
    ];
    Sequence { name: s, calls }
}

fn rotation_without_function() -> Sequence {
    let s = "rotation-without-function";
    let calls = vec![create(s), ("RotateSecret", on(s, json!({"ClientRequestToken": id(2)})))];
    Sequence { name: s, calls }
}

fn second_rotation() -> Sequence {
    let s = "second-rotation";
    let rotate = |number| {
        ("RotateSecret", on(s, json!({"RotationLambdaARN": FUNCTION, "ClientRequestToken": id(number)})))
    };
    Sequence { name: s, calls: vec![create(s), rotate(2), rotate(3)] }
}

fn unknown() -> Sequence {
    let s = "unknown";
    let calls = vec![
        ("GetSecretValue", on(s, json!({}))),
        ("DescribeSecret", on(s, json!({}))),
        ("PutSecretValue", on(s, json!({"SecretString": "one", "ClientRequestToken": id(1)}))),
        ("UpdateSecretVersionStage", on(s, json!({"VersionStage": "AWSCURRENT", "MoveToVersionId": id(1)}))),
        ("RotateSecret", on(s, json!({"RotationLambdaARN": FUNCTION, "ClientRequestToken": id(1)}))),
        ("CancelRotateSecret", on(s, json!({}))),
        ("ListSecretVersionIds", on(s, json!({}))),
        ("TagResource", on(s, json!({"Tags": [{"Key": "k", "Value": "v"}]}))),
    ];
    Sequence { name: s, calls }
}

fn refused() -> Sequence {
    let s = "refused";
    let calls = vec![
        create(s),
        ("CreateSecret", json!({"Name": s, "SecretString": "other", "ClientRequestToken": id(4)})),
        ("PutSecretValue", on(s, json!({"SecretString": "two", "ClientRequestToken": "short"}))),
        ("GetSecretValue", on(s, json!({"VersionId": id(9)}))),
        ("GetSecretValue", on(s, json!({"VersionStage": "nowhere"}))),
        ("GetSecretValue", on(s, json!({}))),
    ];
    Sequence { name: s, calls }
}

fn too_large() -> Sequence {
    let s = "too-large";
    let put = |bytes, number| {
        (
            "PutSecretValue",
            on(s, json!({"SecretString": "x".repeat(bytes), "ClientRequestToken": id(number)})),
        )
    };
    Sequence { name: s, calls: vec![create(s), put(65_536, 2), put(65_537, 3)] }
}

fn tags() -> Sequence {
    let s = "tags";
    let calls = vec![
        create(s),
        ("TagResource", on(s, json!({"Tags": [{"Key": "k", "Value": "v"}]}))),
        ("TagResource", on(s, json!({"Tags": [{"Key": "k", "Value": "w"}]}))),
        ("DescribeSecret", on(s, json!({}))),
    ];
    Sequence { name: s, calls }
}

fn deletion() -> Sequence {
    let s = "deletion";
    let calls = vec![
        create(s),
        ("DeleteSecret", on(s, json!({"RecoveryWindowInDays": 7}))),
        ("GetSecretValue", on(s, json!({}))),
        ("DescribeSecret", on(s, json!({}))),
        ("DeleteSecret", on(s, json!({"ForceDeleteWithoutRecovery": true}))),
        ("DescribeSecret", on(s, json!({}))),
    ];
    Sequence { name: s, calls }
}

fn write_to_deleted() -> Sequence {
    let s = "write-to-deleted";
    let put = json!({"SecretString": "two", "ClientRequestToken": id(2)});
    let calls = vec![create(s), ("DeleteSecret", on(s, json!({}))), ("PutSecretValue", on(s, put))];
    Sequence { name: s, calls }
}

fn passwords() -> Sequence {
    let calls = vec![
        ("GetRandomPassword", json!({})),
        ("GetRandomPassword", json!({"PasswordLength": 64, "ExcludePunctuation": true})),
        ("GetRandomPassword", json!({"PasswordLength": 3})),
        ("GetRandomPassword", json!({"PasswordLength": 5000})),
    ];
    Sequence { name: "passwords", calls }
}
