//! Resource policies are kept, checked and returned.

use serde_json::{Value as Json, json};

use crate::support::Aws;

fn policy(principal: &str) -> String {
    let statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    });
    // With spaces, so that a text that was written anew is another one.
    format!("{{ \"Version\": \"2012-10-17\",  \"Statement\": [{statement}] }}")
}

fn put(principal: &str) -> Json {
    json!({"SecretId": "app", "ResourcePolicy": policy(principal)})
}

#[tokio::test]
async fn a_policy_is_returned_as_it_was_put_until_it_is_deleted() {
    let aws = Aws::with_secret().await;
    let get = async || aws.ok("GetResourcePolicy", json!({"SecretId": "app"})).await;
    let names =
        async || aws.ok("ListResourcePolicies", json!({"SecretId": "app"})).await["ResourcePolicies"].clone();
    assert_eq!((get().await.get("ResourcePolicy"), names().await), (None, json!([])));
    for principal in ["123456789012", "arn:aws:iam::123456789012:root"] {
        let response = aws.ok("PutResourcePolicy", put(principal)).await;
        assert_eq!((&response["Name"], &response["PolicyName"]), (&json!("app"), &json!("default")));
        assert_eq!(get().await["ResourcePolicy"], policy(principal));
        assert_eq!(names().await, json!([{"PolicyName": "default"}]));
    }
    for _ in 0..2 {
        let response = aws.ok("DeleteResourcePolicy", json!({"SecretId": "app"})).await;
        assert_eq!(response["PolicyName"], "default");
        assert_eq!(get().await.get("ResourcePolicy"), None);
    }
}

#[tokio::test]
async fn a_malformed_policy_is_refused_and_changes_nothing() {
    let aws = Aws::with_secret().await;
    aws.ok("PutResourcePolicy", put("123456789012")).await;
    for operation in ["PutResourcePolicy", "ValidateResourcePolicy"] {
        let request = json!({"SecretId": "app", "ResourcePolicy": "{\"Version\": \"2019-10-19\"}"});
        let refused = aws.call(operation, request).await.expect_err("an error");
        assert_eq!(refused.code, "MalformedPolicyDocumentException");
        assert_eq!(refused.message, "This policy has invalid syntax.");
        for text in [String::new(), "x".repeat(20_481)] {
            let request = json!({"SecretId": "app", "ResourcePolicy": text});
            assert_eq!(aws.code(operation, request).await, "ValidationException");
        }
    }
    let kept = aws.ok("GetResourcePolicy", json!({"SecretId": "app"})).await;
    assert_eq!(kept["ResourcePolicy"], policy("123456789012"));
}

#[tokio::test]
async fn a_policy_for_anyone_is_refused_only_if_the_request_blocks_it() {
    let aws = Aws::with_secret().await;
    for (principal, block, accepted) in [
        ("*", Some(true), false),
        ("*", Some(false), true),
        ("*", None, true),
        ("123456789012", Some(true), true),
    ] {
        let mut request = put(principal);
        request["BlockPublicPolicy"] = json!(block);
        let result = aws.call("PutResourcePolicy", request).await.map_err(|refused| refused.code);
        match result {
            Ok(_) => assert!(accepted, "{principal} {block:?}"),
            Err(code) => {
                assert!(!accepted && code == "PublicPolicyException", "{principal} {block:?} {code}")
            }
        }
    }
}

#[tokio::test]
async fn a_policy_is_validated_without_a_secret() {
    let aws = Aws::start().await;
    for (principal, passes) in [("123456789012", true), ("*", false)] {
        let request = json!({"ResourcePolicy": policy(principal)});
        let response = aws.ok("ValidateResourcePolicy", request).await;
        assert_eq!(response["PolicyValidationPassed"], passes);
        assert_eq!(response["ValidationErrors"].as_array().map(Vec::is_empty), Some(passes), "{response}");
    }
    let request = json!({"SecretId": "app", "ResourcePolicy": policy("*")});
    assert_eq!(aws.code("ValidateResourcePolicy", request).await, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_policy_of_another_name_is_not_found_and_cannot_be_changed() {
    let aws = Aws::with_secret().await;
    for (name, read, written) in [
        ("default", None, None),
        ("other", Some("ResourceNotFoundException"), Some("InvalidParameterException")),
        ("a b", Some("ValidationException"), Some("ValidationException")),
        ("", Some("ValidationException"), Some("ValidationException")),
    ] {
        let request = json!({"SecretId": "app", "PolicyName": name});
        let code = async |operation, request: &Json| {
            aws.call(operation, request.clone()).await.err().map(|refused| refused.code)
        };
        assert_eq!(code("GetResourcePolicy", &request).await.as_deref(), read, "{name}");
        assert_eq!(code("DeleteResourcePolicy", &request).await.as_deref(), written, "{name}");
        let mut put = put("123456789012");
        put["PolicyName"] = json!(name);
        assert_eq!(code("PutResourcePolicy", &put).await.as_deref(), written, "{name}");
    }
}

#[tokio::test]
async fn the_policy_of_a_deleted_secret_is_neither_read_nor_changed() {
    let aws = Aws::with_secret().await;
    aws.ok("PutResourcePolicy", put("123456789012")).await;
    aws.ok("DeleteSecret", json!({"SecretId": "app"})).await;
    for (operation, request) in [
        ("GetResourcePolicy", json!({"SecretId": "app"})),
        ("ListResourcePolicies", json!({"SecretId": "app"})),
        ("DeleteResourcePolicy", json!({"SecretId": "app"})),
        ("PutResourcePolicy", put("123456789012")),
    ] {
        assert_eq!(aws.code(operation, request).await, "InvalidRequestException", "{operation}");
    }
    aws.ok("RestoreSecret", json!({"SecretId": "app"})).await;
    let kept = aws.ok("GetResourcePolicy", json!({"SecretId": "app"})).await;
    assert_eq!(kept["ResourcePolicy"], policy("123456789012"));
}
