//! Bodies that are not what an operation reads: AWS's codes, and nothing of the body in a response.

use http_body_util::Full;
use hyper::Request;
use serde_json::{Value as Json, json};

use crate::support::{Aws, Sign, id, send};

/// A value that is nowhere but in requests.
const VALUE: &str = "hunter2-hunter2";

/// The status and the code of the response to a body.
async fn code_of(aws: &Aws, operation: &str, body: impl AsRef<[u8]>) -> (u16, String) {
    let request = Request::post(aws.server.url())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("secretsmanager.{operation}"))
        .body(Full::from(body.as_ref().to_vec()))
        .expect("a request")
        .sign();
    let response = send(request).await.expect("a response");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(!text.contains(VALUE), "{text}");
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    (response.status().as_u16(), json["__type"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_body_that_is_not_an_object_of_the_operations_members_cannot_be_read() {
    let aws = Aws::with_secret().await;
    let put = |rest: &[u8]| [br#"{"SecretId":"app","SecretString":"hunter2-hunter2"#, rest].concat();
    let members: Vec<String> = (0..90_000).map(|number| format!("\"{number}\":1")).collect();
    for (operation, body) in [
        ("GetSecretValue", Vec::new()),
        ("GetSecretValue", b"{".to_vec()),
        ("GetSecretValue", b"null".to_vec()),
        ("GetSecretValue", br#"{"SecretId":"app"} {}"#.to_vec()),
        ("GetSecretValue", "\u{feff}{\"SecretId\":\"app\"}".into()),
        ("GetSecretValue", br#"{"SecretId":1}"#.to_vec()),
        ("GetSecretValue", br#"{"SecretId":["app"]}"#.to_vec()),
        ("GetSecretValue", br#"{"SecretId":"app","SecretId":"app"}"#.to_vec()),
        ("GetSecretValue", "[".repeat(500_000).into()),
        ("GetSecretValue", "{\"a\":".repeat(100_000).into()),
        ("GetSecretValue", format!("{{\"SecretId\":\"app\",{}}}", members.join(",")).into()),
        ("ListSecrets", br#"{"MaxResults":1.5}"#.to_vec()),
        ("ListSecrets", br#"{"MaxResults":"1"}"#.to_vec()),
        ("ListSecrets", br#"{"MaxResults":1e999999999}"#.to_vec()),
        ("GetRandomPassword", br#"{"ExcludeNumbers":"yes"}"#.to_vec()),
        ("PutSecretValue", put(b"")),
        ("PutSecretValue", put(b"\xff\xfe\"}")),
        ("PutSecretValue", put(b"\\ud800\"}")),
        ("PutSecretValue", put(b"\", \"Nonsense\": \"hunter2-hunter2\"}")),
        // What serde derives would take these for objects.
        ("RestoreSecret", br#"["app"]"#.to_vec()),
        ("DescribeSecret", br#"["app"]"#.to_vec()),
        ("TagResource", br#"{"SecretId":"app","Tags":[["k","v"]]}"#.to_vec()),
        ("ListSecrets", br#"{"Filters":[["name",["app"]]]}"#.to_vec()),
    ] {
        let code = code_of(&aws, operation, &body).await;
        let shown: String = String::from_utf8_lossy(&body).chars().take(80).collect();
        assert_eq!(code, (400, "SerializationException".to_owned()), "{operation} {shown}");
    }
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn a_member_outside_its_limits_is_refused_with_the_code_of_aws() {
    let aws = Aws::with_secret().await;
    let put =
        |member: &str, value: &str| json!({"SecretId": "app", member: value, "ClientRequestToken": id(2)});
    let stage = json!({"SecretId": "app", "VersionStage": "x", "MoveToVersionId": "z".repeat(100_000)});
    let filter = |filter: Json| json!({"Filters": [filter]});
    for (operation, body, code) in [
        ("GetSecretValue", json!({}), "ValidationException"),
        ("GetSecretValue", json!({"SecretId": null}), "ValidationException"),
        ("GetSecretValue", json!({"SecretId": ""}), "ValidationException"),
        ("GetSecretValue", json!({"SecretId": "a b"}), "ValidationException"),
        ("GetSecretValue", json!({"SecretId": "app\0"}), "ValidationException"),
        ("CreateSecret", json!({"Name": "ä", "ClientRequestToken": id(2)}), "ValidationException"),
        ("TagResource", json!({"SecretId": "app", "Tags": [{"Value": "v"}]}), "ValidationException"),
        ("ListSecrets", json!({"MaxResults": -1}), "ValidationException"),
        ("ListSecrets", json!({"MaxResults": 0}), "ValidationException"),
        ("ListSecrets", json!({"MaxResults": 101}), "ValidationException"),
        ("ListSecrets", json!({"SortBy": "nonsense"}), "ValidationException"),
        ("ListSecrets", json!({"SortOrder": "up"}), "ValidationException"),
        ("ListSecrets", filter(json!({"Values": ["x"]})), "InvalidParameterException"),
        ("ListSecrets", filter(json!({"Key": "name", "Values": ["x".repeat(513)]})), "ValidationException"),
        ("ListSecrets", json!({"NextToken": "2"}), "InvalidNextTokenException"),
        ("ListSecrets", json!({"NextToken": "-1"}), "InvalidNextTokenException"),
        ("ListSecrets", json!({"NextToken": "+0"}), "InvalidNextTokenException"),
        ("ListSecrets", json!({"NextToken": "x".repeat(100_000)}), "ValidationException"),
        ("BatchGetSecretValue", filter(json!({"Key": "ssn", "Values": ["x"]})), "ValidationException"),
        ("GetRandomPassword", json!({"PasswordLength": -1}), "ValidationException"),
        ("GetRandomPassword", json!({"PasswordLength": 4097}), "ValidationException"),
        ("UpdateSecretVersionStage", stage, "ValidationException"),
        ("PutSecretValue", put("SecretString", &"x".repeat(70_000)), "ValidationException"),
        ("PutSecretValue", put("SecretString", &"ä".repeat(40_000)), "ValidationException"),
        ("PutSecretValue", put("SecretBinary", &"AAAA".repeat(21_846)), "ValidationException"),
        ("PutSecretValue", put("SecretBinary", VALUE), "SerializationException"),
        ("PutSecretValue", put("SecretBinary", "AA=A"), "SerializationException"),
    ] {
        let shown: String = body.to_string().chars().take(80).collect();
        assert_eq!(
            code_of(&aws, operation, body.to_string()).await,
            (400, code.to_owned()),
            "{operation} {shown}"
        );
    }
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    let refused = aws.call("GetSecretValue", json!({})).await.expect_err("an error");
    assert_eq!(
        refused.message,
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null"
    );
}

#[tokio::test]
async fn a_member_that_is_null_is_absent() {
    let aws = Aws::with_secret().await;
    let list = json!({"Filters": null, "MaxResults": null, "IncludePlannedDeletion": null, "SortBy": null});
    assert_eq!(aws.ok("ListSecrets", list).await["SecretList"][0]["Name"], "app");
    let tags = json!({"SecretId": "app", "Tags": [{"Key": "k", "Value": null}]});
    assert_eq!(aws.ok("TagResource", tags).await, Json::Null);
    let password = json!({"PasswordLength": null, "ExcludeNumbers": null});
    let password = aws.ok("GetRandomPassword", password).await["RandomPassword"].clone();
    assert_eq!(password.as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_body_of_up_to_a_mebibyte_is_read() {
    let aws = Aws::with_secret().await;
    let body = br#"{"SecretId":"app"}"#;
    let padded = |length: usize| [&body[..], &vec![b' '; length - body.len()]].concat();
    assert_eq!(code_of(&aws, "DescribeSecret", padded(1024 * 1024)).await.0, 200);
    assert_eq!(code_of(&aws, "DescribeSecret", padded(1024 * 1024 + 1)).await.0, 413);
}

#[tokio::test]
async fn the_log_of_calls_keeps_no_id_that_is_longer_than_any() {
    let aws = Aws::start().await;
    let (id, labels) = ("x".repeat(300_000), vec!["l".repeat(300); 1_000]);
    let put = json!({"SecretId": id, "ClientRequestToken": id, "VersionStages": labels});
    aws.code("PutSecretValue", put).await;
    let call = aws.server.calls().remove(0);
    let kept = |text: Option<String>| text.unwrap_or_default().len();
    assert_eq!(
        (kept(call.secret_id), kept(call.client_token), call.version_stages.len()),
        (2_048, 2_048, 20)
    );
}

#[tokio::test]
async fn of_two_hundred_versions_the_newest_and_those_with_a_label_are_kept() {
    let aws = Aws::with_secret().await;
    let put = |number: u32, stages: Json| {
        let token = format!("{number:032}");
        json!({"SecretId": "app", "SecretString": "x", "ClientRequestToken": token, "VersionStages": stages})
    };
    aws.ok("PutSecretValue", put(0, json!(["kept"]))).await;
    for number in 1..=200 {
        aws.ok("PutSecretValue", put(number, json!(["AWSCURRENT"]))).await;
    }
    let list = json!({"SecretId": "app", "IncludeDeprecated": true});
    let listed = aws.ok("ListSecretVersionIds", list).await;
    let versions = listed["Versions"].as_array().expect("versions");
    assert_eq!((versions.len(), listed.get("NextToken")), (100, None));
    assert_eq!(versions[0]["VersionStages"], json!(["kept"]));
    assert_eq!(versions[99]["VersionStages"], json!(["AWSCURRENT"]));
    assert_eq!(versions[98]["VersionStages"], json!(["AWSPREVIOUS"]));
}

#[tokio::test]
async fn ten_thousand_secrets_are_listed_by_pages_each_once() {
    let aws = Aws::start().await;
    for number in 0..10_000 {
        let create = json!({"Name": format!("s{number:05}"), "ClientRequestToken": id(1)});
        aws.ok("CreateSecret", create).await;
    }
    let mut names = Vec::new();
    let mut list = json!({"SortBy": "name", "SortOrder": "asc"});
    loop {
        let page = aws.ok("ListSecrets", list.clone()).await;
        let secrets = page["SecretList"].as_array().expect("a list").iter();
        names.extend(secrets.map(|secret| secret["Name"].as_str().expect("a name").to_owned()));
        match page.get("NextToken") {
            Some(next) => list["NextToken"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(names, (0..10_000).map(|number| format!("s{number:05}")).collect::<Vec<_>>());
}
