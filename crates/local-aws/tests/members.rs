//! Every member of every request is read or refused by its name: none is ignored.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::support::{Aws, Refused, id};

/// The members that local-aws refuses, because it does not do what they ask for.
const REFUSED: [(&str, &str); 5] = [
    ("CreateSecret", "CrossAccountPrimaryARN"),
    ("CreateSecret", "Type"),
    ("RotateSecret", "ExternalSecretRotationMetadata"),
    ("RotateSecret", "ExternalSecretRotationRoleArn"),
    ("UpdateSecret", "Type"),
];

/// The operations of AWS's API that local-aws does not have.
const ABSENT: [&str; 2] = ["AssociateCrossAccountReplica", "DisassociateCrossAccountReplica"];

/// A line of the list of members.
struct Member {
    operation: &'static str,
    /// The names from the request to the member; an item of a list has the name `[]`.
    path: Vec<&'static str>,
    kind: &'static str,
    required: bool,
    least: Option<usize>,
    most: Option<usize>,
}

impl Member {
    fn is_refused(&self) -> bool {
        REFUSED.contains(&(self.operation, self.path[0]))
    }

    /// The name that a message about the member contains, in small letters and without the s of a list.
    fn name(&self) -> String {
        let name = self.path.iter().rev().find(|name| **name != "[]").expect("a name");
        name.to_lowercase().trim_end_matches('s').to_owned()
    }

    /// A request in which the member has this value, and the others are right.
    fn request(&self, value: Json) -> Json {
        let mut request = others(self.operation, self.path[0]);
        request[self.path[0]] = within(&self.path[1..], value);
        request
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.operation, self.path.join("."))
    }
}

fn members() -> Vec<Member> {
    let lines = include_str!("members.txt").lines().filter(|line| !line.starts_with('#'));
    let member = |line: &'static str| {
        let [operation, path, kind, required, least, most] =
            line.split(' ').collect::<Vec<_>>().try_into().expect("six words");
        let parts = path.split('.').flat_map(|part| match part.strip_suffix("[]") {
            Some(list) => vec![list, "[]"],
            None => vec![part],
        });
        Member {
            operation,
            path: parts.collect(),
            kind,
            required: required == "required",
            least: least.parse().ok(),
            most: most.parse().ok(),
        }
    };
    lines.map(member).collect()
}

/// Puts a value where `path` ends, with the members that its struct requires beside it.
fn within(path: &[&str], value: Json) -> Json {
    match path {
        [] => value,
        ["[]", rest @ ..] => json!([within(rest, value)]),
        [name, rest @ ..] => {
            let mut outer = match *name {
                "Region" | "KmsKeyId" => json!({"Region": "eu-west-1"}),
                "Values" => json!({"Key": "name"}),
                _ => json!({}),
            };
            outer[*name] = within(rest, value);
            outer
        }
    }
}

/// The members that a request with `member` needs besides it.
fn others(operation: &str, member: &str) -> Json {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:rotate";
    match (operation, member) {
        ("BatchGetSecretValue", "SecretIdList" | "Filters") | ("GetRandomPassword" | "ListSecrets", _) => {
            json!({})
        }
        ("BatchGetSecretValue", _) => json!({"Filters": [{"Key": "name", "Values": ["app"]}]}),
        ("CreateSecret", "SecretBinary") => json!({"Name": "new", "ClientRequestToken": id(7)}),
        ("CreateSecret", _) => json!({"Name": "new", "SecretString": "x", "ClientRequestToken": id(7)}),
        ("PutSecretValue" | "UpdateSecret", "SecretBinary") => {
            json!({"SecretId": "app", "ClientRequestToken": id(7)})
        }
        ("PutSecretValue" | "UpdateSecret", _) => {
            json!({"SecretId": "app", "ClientRequestToken": id(7), "SecretString": "x"})
        }
        ("PutResourcePolicy" | "ValidateResourcePolicy", _) => {
            json!({"SecretId": "app", "ResourcePolicy": "{}"})
        }
        ("RemoveRegionsFromReplication", _) => {
            json!({"SecretId": "app", "RemoveReplicaRegions": ["eu-west-1"]})
        }
        ("ReplicateSecretToRegions", _) => {
            json!({"SecretId": "app", "AddReplicaRegions": [{"Region": "eu-west-1"}]})
        }
        ("RotateSecret", _) => {
            json!({"SecretId": "app", "ClientRequestToken": id(7), "RotationLambdaARN": function})
        }
        ("TagResource", _) => json!({"SecretId": "app", "Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagResource", _) => json!({"SecretId": "app", "TagKeys": ["a"]}),
        ("UpdateSecretVersionStage", _) => {
            json!({"SecretId": "app", "VersionStage": "x", "MoveToVersionId": id(1)})
        }
        _ => json!({"SecretId": "app"}),
    }
}

async fn refusal(aws: &Aws, member: &Member, value: Json) -> Refused {
    let result = aws.call(member.operation, member.request(value)).await;
    result.err().unwrap_or_else(|| panic!("{member} is accepted"))
}

#[tokio::test]
async fn a_member_of_another_type_is_named_so_none_is_ignored() {
    let aws = Aws::with_secret().await;
    // The rules of schedules are tested with them.
    for member in members().into_iter().filter(|member| member.path[0] != "RotationRules") {
        let wrong = match member.kind {
            "string" | "base64" => json!(5),
            "list" | "structure" | "integer" | "boolean" => json!("text"),
            other => panic!("no such type: {other}"),
        };
        let Refused { code, message, .. } = refusal(&aws, &member, wrong).await;
        if member.is_refused() {
            let text = format!("leave out the member {}", member.path[0]);
            assert!(code == "InvalidParameterException" && message.contains(&text), "{member}: {message}");
        } else {
            assert_eq!(code, "SerializationException", "{member}: {message}");
            assert!(message.to_lowercase().contains(&member.name()), "{member}: {message}");
            assert!(message.contains("is of another type"), "{member}: {message}");
        }
    }
}

#[tokio::test]
async fn a_member_that_is_not_in_the_api_is_refused() {
    let aws = Aws::with_secret().await;
    let operations: BTreeSet<&str> = members().iter().map(|member| member.operation).collect();
    for operation in operations {
        let mut request = others(operation, "");
        request["Mistyped"] = json!(1);
        let refused = aws.call(operation, request).await.expect_err(operation);
        assert_eq!(refused.code, "SerializationException");
        assert!(refused.message.contains("has no member Mistyped"), "{operation}: {}", refused.message);
    }
    for request in [
        json!({"SecretId": "app", "Tags": [{"Key": "a", "Mistyped": 1}]}),
        json!({"SecretId": "app", "Tags": [["a", "b"]]}),
        json!({"SecretId": "app", "Tags": {"Key": "a"}}),
        json!(["app", []]),
        json!("app"),
    ] {
        assert_eq!(aws.code("TagResource", request.clone()).await, "SerializationException", "{request}");
    }
    for rules in [json!([7]), json!([]), json!([7, "3h", null]), json!("rate(7 days)"), json!({"Days": 7})] {
        let mut request = others("RotateSecret", "");
        request["RotationRules"] = rules;
        let refused = aws.call("RotateSecret", request.clone()).await.expect_err("no object of rules");
        assert_eq!(refused.code, "SerializationException", "{request}");
        assert!(refused.message.contains("RotationRules"), "{request}: {}", refused.message);
    }
}

#[tokio::test]
async fn a_member_that_is_null_is_absent() {
    for member in members().iter().filter(|member| member.path.len() == 1) {
        let null = member.request(Json::Null);
        let mut absent = null.clone();
        absent.as_object_mut().expect("an object").remove(member.path[0]);
        // Each on a server of its own, so that neither meets what the other did.
        let respond = async |request| Aws::with_secret().await.call(member.operation, request).await.err();
        let (with, without) = (respond(null).await, respond(absent).await);
        let code = |refused: &Option<Refused>| refused.as_ref().map(|refused| refused.code.clone());
        assert_eq!(code(&with), code(&without), "{member}");
        if member.required {
            let refused = with.unwrap_or_else(|| panic!("{member} is missing"));
            assert_eq!(refused.code, "ValidationException", "{member}: {}", refused.message);
            assert!(refused.message.contains("Value null at '"), "{member}: {}", refused.message);
            assert!(refused.message.to_lowercase().contains(&member.name()), "{member}: {}", refused.message);
        }
    }
}

#[tokio::test]
async fn a_member_outside_its_limits_is_refused() {
    let aws = Aws::with_secret().await;
    let value = |member: &Member, size: usize| match member.kind {
        "string" => json!("1".repeat(size)),
        // Three bytes in four characters.
        "base64" => json!("AAAA".repeat(size.div_ceil(3))),
        "integer" => json!(size),
        "list" => Json::Array(vec![items(member); size]),
        other => panic!("no limit of a {other}"),
    };
    for member in members() {
        // The rules of schedules are tested with them.
        if member.is_refused() || member.path[0] == "RotationRules" {
            continue;
        }
        let too_many = member.most.map(|most| most + 1);
        let too_few = member.least.and_then(|least| least.checked_sub(1));
        for size in [too_many, too_few].into_iter().flatten() {
            let Refused { code, message, .. } = refusal(&aws, &member, value(&member, size)).await;
            let allowed = ["ValidationException", "InvalidParameterException"];
            assert!(allowed.contains(&code.as_str()), "{member} of {size}: {code} {message}");
            assert!(message.to_lowercase().contains(&member.name()), "{member} of {size}: {message}");
        }
    }
}

/// An item of a list.
fn items(member: &Member) -> Json {
    match member.path.last().copied() {
        Some("AddReplicaRegions") => json!({"Region": "eu-west-1"}),
        Some("Filters") => json!({"Key": "name", "Values": ["app"]}),
        _ => json!("eu-west-1"),
    }
}

#[tokio::test]
async fn an_operation_that_local_aws_does_not_have_is_named_with_the_place_of_the_list() {
    let aws = Aws::with_secret().await;
    for operation in ABSENT {
        let refused = aws.call(operation, json!({"SecretId": "app"})).await.expect_err(operation);
        assert_eq!(refused.code, "UnknownOperationException");
        for part in [operation, "crates/local-aws/README.md"] {
            assert!(refused.message.contains(part), "{}", refused.message);
        }
    }
}

#[tokio::test]
async fn a_binary_value_is_in_base64() {
    let aws = Aws::with_secret().await;
    for (value, accepted) in
        [("AAEC", true), ("AA==", true), ("AAE=", true), ("AAE", false), ("A===", false), ("é%%%", false)]
    {
        let request = json!({"SecretId": "app", "ClientRequestToken": id(2), "SecretBinary": value});
        let result = aws.call("PutSecretValue", request).await;
        match result {
            Ok(_) => assert!(accepted, "{value}"),
            // The version exists by then.
            Err(refused) if accepted => assert_eq!(refused.code, "ResourceExistsException", "{value}"),
            Err(refused) => assert_eq!(refused.code, "SerializationException", "{value}"),
        }
    }
}
