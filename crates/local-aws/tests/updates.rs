//! What an update, a tag or a deletion changes, and what it leaves.

use local_aws::Options;
use serde_json::{Value as Json, json};

use crate::support::{Aws, id};

fn app() -> Json {
    json!({"SecretId": "app"})
}

fn update(digit: u32, value: &str) -> Json {
    json!({"SecretId": "app", "SecretString": value, "ClientRequestToken": id(digit)})
}

#[tokio::test]
async fn an_update_with_a_known_token_changes_nothing_and_needs_the_same_value() {
    let aws = Aws::with_secret().await;
    aws.ok("UpdateSecret", update(2, "two")).await;
    let before = aws.ok("DescribeSecret", app()).await;
    assert_eq!(before["VersionIdsToStages"], json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]}));
    for digit in [1, 2] {
        let value = if digit == 1 { "one" } else { "two" };
        assert_eq!(aws.ok("UpdateSecret", update(digit, value)).await["VersionId"], id(digit));
        let refused = aws.call("UpdateSecret", update(digit, "other")).await.expect_err("an error");
        let arn = before["ARN"].as_str().expect("an ARN");
        let text = format!(
            "You can't use ClientRequestToken {} because that value is already in use for a version of secret {arn}.",
            id(digit)
        );
        assert_eq!((refused.code.as_str(), refused.message), ("ResourceExistsException", text));
    }
    assert_eq!(aws.ok("DescribeSecret", app()).await, before);
}

#[tokio::test]
async fn an_update_does_not_write_the_version_of_a_rotation() {
    let functions = Some(vec!["rotate".to_owned()]);
    let aws = Aws::start_with(Options { functions, ..Options::default() }).await;
    aws.create("app", "one", 1).await;
    let rotate = json!({
        "SecretId": "app",
        "ClientRequestToken": id(2),
        "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate",
    });
    aws.ok("RotateSecret", rotate).await;
    assert_eq!(aws.code("UpdateSecret", update(2, "two")).await, "ResourceExistsException");
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
}

#[tokio::test]
async fn an_update_without_a_value_makes_no_version() {
    let aws = Aws::with_secret().await;
    let response = aws.ok("UpdateSecret", json!({"SecretId": "app", "Description": "new"})).await;
    assert_eq!(response.get("VersionId"), None);
    assert_eq!(aws.ok("DescribeSecret", app()).await["Description"], "new");
    let short = json!({"SecretId": "app", "Description": "newer", "ClientRequestToken": "short"});
    assert_eq!(aws.code("UpdateSecret", short).await, "InvalidParameterException");
    assert_eq!(aws.ok("DescribeSecret", app()).await["Description"], "new");
}

#[tokio::test]
async fn an_empty_key_is_the_default_one() {
    let aws = Aws::with_secret().await;
    let keys = async || {
        let key = aws.ok("DescribeSecret", app()).await.get("KmsKeyId").cloned();
        let versions = aws.ok("ListSecretVersionIds", app()).await;
        (key, versions["Versions"][0]["KmsKeyIds"].clone())
    };
    aws.ok("UpdateSecret", json!({"SecretId": "app", "KmsKeyId": "alias/mine"})).await;
    assert_eq!(keys().await, (Some(json!("alias/mine")), json!(["alias/mine"])));
    aws.ok("UpdateSecret", json!({"SecretId": "app", "KmsKeyId": ""})).await;
    assert_eq!(keys().await, (None, json!(["DefaultEncryptionKey"])));
    let create = json!({"Name": "b", "KmsKeyId": "", "SecretString": "x", "ClientRequestToken": id(1)});
    aws.ok("CreateSecret", create).await;
    let versions = aws.ok("ListSecretVersionIds", json!({"SecretId": "b"})).await;
    assert_eq!(versions["Versions"][0]["KmsKeyIds"], json!(["DefaultEncryptionKey"]));
}

#[tokio::test]
async fn the_tags_of_a_secret_that_had_some_are_an_empty_list() {
    let aws = Aws::with_secret().await;
    let tags = async || aws.ok("DescribeSecret", app()).await.get("Tags").cloned();
    let untag = json!({"SecretId": "app", "TagKeys": ["team", "none"]});
    aws.ok("UntagResource", untag.clone()).await;
    assert_eq!(tags().await, None);
    aws.ok("TagResource", json!({"SecretId": "app", "Tags": [{"Key": "team", "Value": "a"}]})).await;
    aws.ok("UntagResource", untag).await;
    assert_eq!(tags().await, Some(json!([])));
    let reserved = json!({"SecretId": "app", "TagKeys": ["aws:rds:primaryDBInstanceArn"]});
    assert_eq!(aws.code("UntagResource", reserved).await, "InvalidParameterException");
}

#[tokio::test]
async fn a_deleted_secret_is_not_rotated() {
    let aws = Aws::with_secret().await;
    aws.ok("DeleteSecret", app()).await;
    let rotate = json!({
        "SecretId": "app",
        "ClientRequestToken": id(2),
        "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate",
    });
    for (operation, request) in [("RotateSecret", rotate), ("CancelRotateSecret", app())] {
        let refused = aws.call(operation, request).await.expect_err("an error");
        assert_eq!(refused.code, "InvalidRequestException");
        let text = "You tried to perform the operation on a secret that's currently marked deleted.";
        assert_eq!(refused.message, text, "{operation}");
    }
}

#[tokio::test]
async fn a_forced_deletion_of_an_arn_that_does_not_exist_is_refused() {
    let aws = Aws::with_secret().await;
    let arn = aws.ok("DescribeSecret", app()).await["ARN"].clone();
    for expected in [None, Some("ResourceNotFoundException")] {
        let force = json!({"SecretId": arn, "ForceDeleteWithoutRecovery": true});
        let code = aws.call("DeleteSecret", force).await.err().map(|refused| refused.code);
        assert_eq!(code.as_deref(), expected);
    }
}
