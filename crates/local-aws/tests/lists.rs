//! Filters, and the values of several secrets at once.

use serde_json::{Value as Json, json};

use crate::support::{Aws, id};

#[tokio::test]
async fn a_filter_is_checked_by_itself_and_named_by_its_place() {
    let aws = Aws::start().await;
    let good = json!({"Key": "name", "Values": ["a"]});
    for (filter, code, part) in [
        (json!({"Values": ["a"]}), "InvalidParameterException", "Invalid filter key"),
        (json!({"Key": "colour", "Values": ["a"]}), "ValidationException", "filters.2.member.key"),
        (json!({"Key": "name"}), "InvalidParameterException", "Invalid filter values for key: name"),
        (json!({"Key": "name", "Values": vec!["a"; 11]}), "ValidationException", "filters.2.member.values"),
        (
            json!({"Key": "name", "Values": ["a", "b*"]}),
            "ValidationException",
            "filters.2.member.values.2.member",
        ),
        (json!({"Key": "name", "Values": ["a".repeat(513)]}), "ValidationException", "values.1.member"),
    ] {
        for operation in ["ListSecrets", "BatchGetSecretValue"] {
            let request = json!({"Filters": [good, filter]});
            let refused = aws.call(operation, request).await.expect_err("an error");
            assert_eq!(refused.code, code, "{filter}");
            assert!(refused.message.contains(part), "{}", refused.message);
        }
    }
}

#[tokio::test]
async fn a_description_matches_by_the_beginnings_of_its_words() {
    let aws = Aws::start().await;
    let create = json!({
        "Name": "Some/thing",
        "Description": "the orderService of shop-eu",
        "SecretString": "x",
        "ClientRequestToken": id(1),
    });
    aws.ok("CreateSecret", create).await;
    for (key, value, found) in [
        ("description", "ORDER", true),
        ("description", "service", true),
        ("description", "shop the", true),
        ("description", "rder", false),
        ("description", "shop nothing", false),
        ("description", "/", false),
        ("description", "!service", false),
        ("all", "thing", true),
        ("all", "thing order", false),
        ("name", "some", false),
        ("name", "Some/", true),
        ("name", "!Some", false),
    ] {
        let request = json!({"Filters": [{"Key": key, "Values": [value]}]});
        let list = aws.ok("ListSecrets", request).await["SecretList"].clone();
        assert_eq!(list.as_array().map(Vec::len), Some(usize::from(found)), "{key} {value}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_among_the_errors_and_the_others_are_returned() {
    let aws = Aws::with_secret().await;
    aws.create("gone", "x", 2).await;
    aws.ok("DeleteSecret", json!({"SecretId": "gone"})).await;
    let response = aws.ok("BatchGetSecretValue", json!({"SecretIdList": ["gone", "app", "none"]})).await;
    assert_eq!(response["SecretValues"][0]["SecretString"], "one");
    let errors: Json = response["Errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| json!([error["SecretId"], error["ErrorCode"]]))
        .collect();
    let expected = json!([["gone", "InvalidRequestException"], ["none", "ResourceNotFoundException"]]);
    assert_eq!(errors, expected);
    let good = aws.ok("BatchGetSecretValue", json!({"SecretIdList": ["app"]})).await;
    assert_eq!(good["Errors"], json!([]));
}

#[tokio::test]
async fn several_values_are_asked_for_by_ids_or_by_filters() {
    let aws = Aws::with_secret().await;
    let filters = json!([{"Key": "name", "Values": ["app"]}]);
    for (request, code) in [
        (json!({}), "InvalidParameterException"),
        (json!({"SecretIdList": ["app"], "Filters": filters}), "InvalidParameterException"),
        (json!({"SecretIdList": ["app"], "MaxResults": 1}), "InvalidParameterException"),
        (json!({"SecretIdList": ["app"], "NextToken": "5"}), "InvalidNextTokenException"),
    ] {
        assert_eq!(aws.code("BatchGetSecretValue", request.clone()).await, code, "{request}");
    }
    let found = aws.ok("BatchGetSecretValue", json!({"Filters": filters, "MaxResults": 1})).await;
    assert_eq!(found["SecretValues"][0]["SecretString"], "one");
}
