//! Secrets are created, found, listed, tagged and deleted.

use serde_json::{Value as Json, json};

use crate::support::{Aws, id};

#[tokio::test]
async fn a_secret_is_found_by_name_arn_and_arn_without_its_suffix() {
    let aws = Aws::with_secret().await;
    let arn = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await["ARN"].clone();
    let arn = arn.as_str().expect("an ARN");
    let partial = arn.strip_suffix(&arn[arn.len() - 7..]).expect("a suffix");
    assert!(partial.ends_with(":secret:app"), "{arn}");
    for name in ["app", arn, partial] {
        assert_eq!(aws.ok("GetSecretValue", json!({"SecretId": name})).await["ARN"], arn);
    }
    for name in ["ap", "App", &arn[..arn.len() - 1]] {
        assert_eq!(aws.code("GetSecretValue", json!({"SecretId": name})).await, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_second_secret_of_the_same_name_is_refused_but_a_repeated_call_is_not() {
    let aws = Aws::start().await;
    let first = aws.create("app", "one", 1).await;
    assert_eq!(aws.create("app", "one", 1).await, first);
    for (value, digit) in [("two", 1), ("one", 2)] {
        let request = json!({"Name": "app", "SecretString": value, "ClientRequestToken": id(digit)});
        assert_eq!(aws.code("CreateSecret", request).await, "ResourceExistsException");
    }
}

#[tokio::test]
async fn a_description_leaves_out_members_without_a_value() {
    let aws = Aws::with_secret().await;
    let before = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    for absent in ["RotationEnabled", "RotationLambdaARN", "LastRotatedDate", "LastAccessedDate", "Tags"] {
        assert_eq!(before.get(absent), None, "{absent}");
    }
    let created = before["CreatedDate"].as_f64().expect("seconds since 1970");
    assert!(created > 1.7e9, "{created}");
    aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
    let after = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    let accessed = after["LastAccessedDate"].as_f64().expect("a day");
    assert_eq!(accessed % 86_400.0, 0.0);
}

#[tokio::test]
async fn a_deleted_secret_is_marked_and_cannot_be_used() {
    let aws = Aws::with_secret().await;
    aws.ok("DeleteSecret", json!({"SecretId": "app"})).await;
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert!(description["DeletedDate"].is_number());
    for (operation, request) in [
        ("GetSecretValue", json!({"SecretId": "app"})),
        ("DeleteSecret", json!({"SecretId": "app"})),
        ("CreateSecret", json!({"Name": "app", "ClientRequestToken": id(1), "SecretString": "one"})),
    ] {
        assert_eq!(aws.code(operation, request).await, "InvalidRequestException", "{operation}");
    }
    assert_eq!(aws.ok("ListSecrets", json!({})).await["SecretList"], json!([]));
}

#[tokio::test]
async fn a_secret_deleted_without_recovery_is_gone() {
    let aws = Aws::with_secret().await;
    let force = json!({"SecretId": "app", "ForceDeleteWithoutRecovery": true});
    aws.ok("DeleteSecret", force.clone()).await;
    aws.ok("DeleteSecret", force).await;
    assert_eq!(aws.code("DescribeSecret", json!({"SecretId": "app"})).await, "ResourceNotFoundException");
    aws.create("app", "again", 2).await;
}

#[tokio::test]
async fn a_recovery_window_is_7_to_30_days() {
    let aws = Aws::with_secret().await;
    for days in [6, 31] {
        let request = json!({"SecretId": "app", "RecoveryWindowInDays": days});
        assert_eq!(aws.code("DeleteSecret", request).await, "InvalidParameterException");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let aws = Aws::start().await;
    for digit in 1..=5 {
        aws.create(&format!("app-{digit}"), "value", digit).await;
    }
    let mut names = Vec::new();
    let mut next = Json::Null;
    loop {
        let page = aws.ok("ListSecrets", json!({"MaxResults": 2, "NextToken": next})).await;
        let list = page["SecretList"].as_array().expect("a list").clone();
        assert!(list.len() <= 2);
        names.extend(list.iter().map(|secret| secret["Name"].as_str().expect("a name").to_owned()));
        next = page.get("NextToken").cloned().unwrap_or_default();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(names, ["app-5", "app-4", "app-3", "app-2", "app-1"], "the newest first");
    let code = aws.code("ListSecrets", json!({"NextToken": "not one of ours"})).await;
    assert_eq!(code, "InvalidNextTokenException");
}

#[tokio::test]
async fn tags_that_aws_reserves_are_refused_by_the_api_only() {
    let aws = Aws::with_secret().await;
    let key = "aws:rds:primaryDBInstanceArn";
    let tag = json!({"SecretId": "app", "Tags": [{"Key": key, "Value": "arn"}]});
    assert_eq!(aws.code("TagResource", tag).await, "InvalidParameterException");
    assert!(aws.server.set_reserved_tag("app", key, "arn"));
    assert!(!aws.server.set_reserved_tag("another", key, "arn"));
    aws.ok("TagResource", json!({"SecretId": "app", "Tags": [{"Key": "team", "Value": "a"}]})).await;
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    let tags = json!([{"Key": key, "Value": "arn"}, {"Key": "team", "Value": "a"}]);
    assert_eq!(description["Tags"], tags);
}

#[tokio::test]
async fn a_random_password_has_only_the_characters_that_its_request_allows() {
    let aws = Aws::start().await;
    let password = async |request: Json| {
        let response = aws.ok("GetRandomPassword", request).await;
        response["RandomPassword"].as_str().expect("a password").to_owned()
    };
    let kinds: [fn(&char) -> bool; 4] = [
        char::is_ascii_uppercase,
        char::is_ascii_lowercase,
        char::is_ascii_digit,
        char::is_ascii_punctuation,
    ];
    let plain = password(json!({})).await;
    assert_eq!(plain.len(), 32);
    assert!(kinds.iter().all(|kind| plain.chars().any(|c| kind(&c))));
    let digits = json!({
        "PasswordLength": 200,
        "ExcludeUppercase": true,
        "ExcludeLowercase": true,
        "ExcludePunctuation": true,
        "ExcludeCharacters": "01234567",
    });
    assert!(password(digits).await.chars().all(|c| c == '8' || c == '9'));
    let short = aws.code("GetRandomPassword", json!({"PasswordLength": 3})).await;
    assert_eq!(short, "InvalidParameterException");
}
