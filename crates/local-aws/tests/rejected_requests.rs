//! Options, origins and requests that are rejected.

use http_body_util::Full;
use hyper::{Request, StatusCode};
use local_aws::{LocalAws, Options, StartError};
use serde_json::json;

use crate::support::{Aws, Sign, send, signed};

#[tokio::test]
async fn an_address_that_other_machines_can_reach_is_refused() {
    let address = "0.0.0.0:0".parse().expect("an address");
    let started = LocalAws::start(Options { address, ..Options::default() }).await;
    let error = started.expect_err("an error");
    assert!(matches!(error, StartError::NotLoopback(_)), "{error:?}");
    assert!(error.to_string().contains("0.0.0.0:0, which is not a loopback address"), "{error}");
}

#[tokio::test]
async fn a_url_of_functions_that_is_not_http_is_refused() {
    for url in ["https://127.0.0.1:9000", "127.0.0.1:9000", "nonsense"] {
        let options = Options { lambda_url: Some(url.to_owned()), ..Options::default() };
        assert!(matches!(LocalAws::start(options).await, Err(StartError::LambdaUrl(_))), "{url}");
    }
}

#[tokio::test]
async fn a_host_name_that_is_not_this_machines_is_forbidden() {
    let aws = Aws::with_secret().await;
    for (host, status) in [
        ("evil.example", StatusCode::FORBIDDEN),
        ("localhost.evil.example:80", StatusCode::FORBIDDEN),
        ("localhost:4566", StatusCode::OK),
        ("[::1]:1", StatusCode::OK),
    ] {
        let mut request = signed(&aws.server.url(), "ListSecrets", json!({}));
        request.headers_mut().insert("host", host.parse().expect("a header"));
        assert_eq!(send(request).await.expect("a response").status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_request_of_a_web_page_is_forbidden_whatever_its_origin() {
    let aws = Aws::with_secret().await;
    let own = aws.server.url();
    for origin in ["https://evil.example", "null", "http://localhost:3000", &own, ""] {
        for path in ["", "/_local/calls"] {
            let url = format!("{}{path}", aws.server.url());
            let mut request = signed(&url, "ListSecrets", json!({}));
            request.headers_mut().insert("origin", origin.parse().expect("a header"));
            let response = send(request).await.expect("a response");
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin} {path}");
            assert!(!response.headers().contains_key("access-control-allow-origin"));
        }
    }
}

#[tokio::test]
async fn an_operation_that_does_not_exist_is_unknown() {
    let aws = Aws::start().await;
    assert_eq!(aws.code("ReadMyMind", json!({})).await, "UnknownOperationException");
}

#[tokio::test]
async fn a_malformed_body_is_refused_without_quoting_it() {
    let aws = Aws::start().await;
    let url = aws.server.url();
    let request = Request::post(&url)
        .header("x-amz-target", "secretsmanager.PutSecretValue")
        .body(Full::from(r#"{"SecretId": 1, "SecretString": "hunter2"}"#))
        .expect("a request")
        .sign();
    let tags = Request::put(format!("{url}/_local/tags"))
        .header("content-type", "application/json")
        .body(Full::from(r#"{"SecretId": "app", "Tags": "hunter2"}"#))
        .expect("a request")
        .sign();
    for request in [request, tags] {
        let response = send(request).await.expect("a response");
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert!(body.contains("SerializationException") && !body.contains("hunter2"), "{body}");
    }
}
