//! Versions, their values and their labels.

use serde_json::json;

use crate::support::{Aws, id};

#[tokio::test]
async fn a_second_value_for_the_same_token_is_refused() {
    let aws = Aws::with_secret().await;
    let refused = aws.put(1, "another", &["AWSCURRENT"]).await.expect_err("an error");
    assert_eq!((refused.status, refused.code.as_str()), (400, "ResourceExistsException"));
    let read = aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
    assert_eq!(read["SecretString"], "one");
}

#[tokio::test]
async fn the_same_value_for_the_same_token_changes_nothing() {
    let aws = Aws::with_secret().await;
    let put = aws.put(1, "one", &["AWSPENDING"]).await.expect("a success");
    assert_eq!(put["VersionStages"], json!(["AWSCURRENT"]));
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn a_put_without_labels_becomes_current() {
    let aws = Aws::with_secret().await;
    let put = json!({"SecretId": "app", "SecretString": "two", "ClientRequestToken": id(2)});
    assert_eq!(aws.ok("PutSecretValue", put).await["VersionStages"], json!(["AWSCURRENT"]));
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn a_version_that_loses_awscurrent_loses_awspending_too() {
    let aws = Aws::with_secret().await;
    aws.put(2, "two", &["AWSCURRENT", "AWSPENDING"]).await.expect("a put");
    aws.put(3, "three", &["AWSCURRENT"]).await.expect("a put");
    assert_eq!(aws.stages().await, json!({id(2): ["AWSPREVIOUS"], id(3): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn the_first_version_is_current_whatever_its_labels() {
    let aws = Aws::start().await;
    aws.ok("CreateSecret", json!({"Name": "app", "ClientRequestToken": id(9)})).await;
    assert_eq!(aws.code("GetSecretValue", json!({"SecretId": "app"})).await, "ResourceNotFoundException");
    aws.put(1, "one", &["AWSPENDING"]).await.expect("a put");
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT", "AWSPENDING"]}));
}

#[tokio::test]
async fn an_error_about_a_missing_value_names_it_as_the_request_did() {
    let aws = Aws::with_secret().await;
    for (request, message) in [
        (json!({"VersionStage": "AWSPENDING"}), "staging label: AWSPENDING".to_owned()),
        (json!({"VersionId": id(7)}), format!("VersionId: {}", id(7))),
        (json!({"VersionId": id(7), "VersionStage": "AWSCURRENT"}), format!("VersionId: {}", id(7))),
    ] {
        let mut request = request;
        request["SecretId"] = "app".into();
        let refused = aws.call("GetSecretValue", request).await.expect_err("an error");
        assert_eq!(refused.code, "ResourceNotFoundException");
        assert_eq!(
            refused.message,
            format!("Secrets Manager can't find the specified secret value for {message}")
        );
    }
}

#[tokio::test]
async fn an_id_and_a_label_that_disagree_are_refused() {
    let aws = Aws::with_secret().await;
    aws.put(2, "two", &["AWSPENDING"]).await.expect("a put");
    let request = json!({"SecretId": "app", "VersionId": id(2), "VersionStage": "AWSCURRENT"});
    let refused = aws.call("GetSecretValue", request).await.expect_err("an error");
    assert_eq!(refused.code, "InvalidRequestException");
    assert!(refused.message.contains("not associated"), "{}", refused.message);
    let agreed = json!({"SecretId": "app", "VersionId": id(2), "VersionStage": "AWSPENDING"});
    assert_eq!(aws.ok("GetSecretValue", agreed).await["SecretString"], "two");
}

#[tokio::test]
async fn a_version_without_a_label_is_listed_only_if_the_request_includes_it() {
    let aws = Aws::with_secret().await;
    aws.put(2, "two", &["AWSPENDING"]).await.expect("a put");
    let remove = json!({"SecretId": "app", "VersionStage": "AWSPENDING", "RemoveFromVersionId": id(2)});
    aws.ok("UpdateSecretVersionStage", remove).await;
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    for (deprecated, count) in [(false, 1), (true, 2)] {
        let request = json!({"SecretId": "app", "IncludeDeprecated": deprecated});
        let list = aws.ok("ListSecretVersionIds", request).await;
        assert_eq!(list["Versions"].as_array().map(Vec::len), Some(count));
    }
}

#[tokio::test]
async fn versions_without_a_label_are_kept_up_to_about_a_hundred() {
    let aws = Aws::with_secret().await;
    for number in 0..120 {
        let token = format!("{number:032}");
        let put = json!({"SecretId": "app", "SecretString": "x", "ClientRequestToken": token});
        aws.ok("PutSecretValue", put).await;
    }
    let request = json!({"SecretId": "app", "IncludeDeprecated": true});
    let list = aws.ok("ListSecretVersionIds", request).await;
    assert_eq!(list["Versions"].as_array().map(Vec::len), Some(100));
    let gone = json!({"SecretId": "app", "VersionId": id(1)});
    assert_eq!(aws.code("GetSecretValue", gone).await, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_value_has_65536_bytes_at_most() {
    let aws = Aws::with_secret().await;
    aws.put(2, &"é".repeat(32_768), &["AWSPENDING"]).await.expect("a put");
    for value in [format!("{}x", "é".repeat(32_768)), String::new()] {
        let refused = aws.put(3, &value, &["AWSPENDING"]).await.expect_err("an error");
        assert_eq!(refused.code, "ValidationException");
    }
}

#[tokio::test]
async fn a_secret_has_twenty_labels_at_most() {
    let aws = Aws::with_secret().await;
    let labels: Vec<String> = (0..19).map(|number| format!("label-{number}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    aws.put(2, "two", &labels).await.expect("a put");
    let refused = aws.put(3, "three", &["one-more"]).await.expect_err("an error");
    assert_eq!(refused.code, "LimitExceededException");
    // AWSPREVIOUS would be the twenty-first.
    let refused = aws.put(3, "three", &["AWSCURRENT"]).await.expect_err("an error");
    assert_eq!(refused.code, "LimitExceededException");
}

#[tokio::test]
async fn a_put_needs_a_token_of_32_to_64_characters_and_one_value() {
    let aws = Aws::with_secret().await;
    let put =
        |token: Option<String>| json!({"SecretId": "app", "SecretString": "x", "ClientRequestToken": token});
    assert_eq!(aws.code("PutSecretValue", put(None)).await, "InvalidRequestException");
    for length in [31, 65] {
        let code = aws.code("PutSecretValue", put(Some("x".repeat(length)))).await;
        assert_eq!(code, "InvalidParameterException");
    }
    let none = json!({"SecretId": "app", "ClientRequestToken": id(2)});
    assert_eq!(aws.code("PutSecretValue", none).await, "InvalidRequestException");
    let both = json!({
        "SecretId": "app",
        "ClientRequestToken": id(2),
        "SecretString": "x",
        "SecretBinary": "eA==",
    });
    assert_eq!(aws.code("PutSecretValue", both).await, "InvalidParameterException");
}

#[tokio::test]
async fn a_rotation_token_has_36_to_256_characters() {
    let aws = Aws::with_secret().await;
    for (length, taken) in [(35, false), (36, true), (256, true), (257, false)] {
        let put = json!({
            "SecretId": "app",
            "SecretString": "one",
            "ClientRequestToken": id(1),
            "RotationToken": "a".repeat(length),
        });
        assert_eq!(aws.call("PutSecretValue", put).await.is_ok(), taken, "{length}");
    }
}
