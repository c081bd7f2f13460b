//! Planned failures, the limit of writes, and the log of calls.

use std::time::{Duration, Instant};

use local_aws::{Failure, Options, WRITES_PER_SECOND};
use serde_json::json;

use crate::support::{Aws, Refused, id, send, signed};

#[tokio::test]
async fn the_nth_call_of_an_operation_is_refused_without_effect() {
    let aws = Aws::with_secret().await;
    aws.server.fail(Failure::refuse("PutSecretValue", 2, "InternalServiceError"));
    aws.put(2, "two", &["AWSPENDING"]).await.expect("the first call");
    let Refused { status, code, .. } = aws.put(3, "three", &["AWSCURRENT"]).await.expect_err("an error");
    assert_eq!((status, code.as_str()), (500, "InternalServiceError"));
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
    aws.put(3, "three", &["AWSCURRENT"]).await.expect("the third call");
}

#[tokio::test]
async fn a_call_whose_response_is_dropped_takes_effect_and_a_dropped_request_does_not() {
    let aws = Aws::with_secret().await;
    let put = |digit| {
        let body = json!({"SecretId": "app", "SecretString": "x", "ClientRequestToken": id(digit)});
        signed(&aws.server.url(), "PutSecretValue", body)
    };
    aws.server.fail(Failure::drop_request("PutSecretValue", 1));
    send(put(2)).await.expect_err("no response");
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    aws.server.fail(Failure::drop_response("PutSecretValue", 1));
    send(put(2)).await.expect_err("no response");
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn writes_are_throttled_if_there_is_a_limit() {
    let limited = Options { writes_per_second: Some(WRITES_PER_SECOND), ..Options::default() };
    let aws = Aws::start_with(limited).await;
    aws.create("app", "one", 1).await;
    let mut throttled = 0;
    for _ in 0..200 {
        if let Err(refused) = aws.put(1, "one", &["AWSCURRENT"]).await {
            assert_eq!((refused.status, refused.code.as_str()), (400, "ThrottlingException"));
            throttled += 1;
        }
    }
    assert!(throttled > 0);
    aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
}

#[tokio::test]
async fn every_call_waits_for_the_latency() {
    let latency = Duration::from_millis(50);
    let aws = Aws::start_with(Options { latency, ..Options::default() }).await;
    let began = Instant::now();
    aws.create("app", "one", 1).await;
    aws.code("GetSecretValue", json!({"SecretId": "nobody"})).await;
    assert!(began.elapsed() >= latency * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_log_of_calls_has_ids_labels_and_codes_but_no_value() {
    let aws = Aws::with_secret().await;
    aws.server.clear_calls();
    aws.put(2, "hunter2", &["AWSPENDING"]).await.expect("a put");
    aws.code("GetSecretValue", json!({"SecretId": "nobody", "VersionStage": "AWSPENDING"})).await;
    let calls = aws.server.calls();
    assert_eq!(calls.iter().map(|call| call.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(calls[0].operation, "PutSecretValue");
    assert_eq!(calls[0].secret_id.as_deref(), Some("app"));
    assert_eq!(calls[0].client_token, Some(id(2)));
    assert_eq!(calls[0].version_stages, ["AWSPENDING"]);
    assert_eq!(calls[0].error, None);
    assert_eq!(calls[1].error.as_deref(), Some("ResourceNotFoundException"));
    assert!(!format!("{calls:?}").contains("hunter2"));
}
