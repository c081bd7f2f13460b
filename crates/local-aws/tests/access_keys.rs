//! Without one of the server's access keys a client learns nothing and changes nothing.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use local_aws::{AccessKey, DbInstance, Failure, LocalAws, Options};
use serde_json::{Value as Json, json};

use crate::support::{Aws, KEY, Sign, id, send, signed, unsigned};

/// Texts that are not the server's key.
fn other_keys() -> Vec<String> {
    let key = KEY.expose();
    vec![
        AccessKey::random().expose().to_owned(),
        String::new(),
        "local".to_owned(),
        key[1..].to_owned(),
        key[..key.len() - 1].to_owned(),
        format!("{key}0"),
        format!("{}_", &key[..key.len() - 1]),
        key.to_lowercase(),
        format!(" {key}"),
    ]
}

/// A request of each kind for something that exists, and the same for something that does not.
fn requests(url: &str) -> Vec<[Request<Full<Bytes>>; 2]> {
    let secrets_manager = |operation: &str, body: fn(&str) -> Json| {
        ["app", "nobody"].map(|name| unsigned(url, operation, body(name)).map(Full::from))
    };
    let rds = ["main", "nobody"].map(|name| {
        Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(format!("Action=DescribeDBInstances&DBInstanceIdentifier={name}")))
            .expect("a request")
    });
    let local = |method: Method, path: [&str; 2], body: &'static str| {
        path.map(|path| {
            let request = Request::builder().method(method.clone()).uri(format!("{url}/_local/{path}"));
            let request = request.header("content-type", "application/json");
            request.body(Full::from(body)).expect("a request")
        })
    };
    vec![
        secrets_manager("GetSecretValue", |name| json!({"SecretId": name})),
        secrets_manager("DescribeSecret", |name| json!({"SecretId": name})),
        secrets_manager("ListSecrets", |_| json!({})),
        secrets_manager("CreateSecret", |name| json!({"Name": name, "ClientRequestToken": id(9)})),
        secrets_manager("DeleteSecret", |name| json!({"SecretId": name})),
        secrets_manager("ReadMyMind", |_| json!("not an object")),
        rds,
        local(Method::GET, ["versions?secret=app", "versions?secret=nobody"], ""),
        local(Method::GET, ["calls", "nothing"], ""),
        local(Method::DELETE, ["calls", "nothing"], ""),
        local(Method::PUT, ["tags", "tags"], r#"{"SecretId": "app", "Tags": {"aws:k": "v"}}"#),
        local(Method::GET, ["../", "../"], ""),
    ]
}

async fn with_secret_and_instance() -> Aws {
    let aws = Aws::with_secret().await;
    aws.server.register_instance(DbInstance {
        identifier: "main".to_owned(),
        address: "127.0.0.1".to_owned(),
        port: 5432,
        engine: "postgres".to_owned(),
        replica_of: None,
        cluster: None,
    });
    aws
}

/// Status and body, without the random id of the request.
async fn status_and_body(request: Request<Full<Bytes>>) -> (u16, String) {
    let response = send(request).await.expect("a response");
    let body = String::from_utf8_lossy(response.body()).into_owned();
    let id = body.split_once("<RequestId>").and_then(|(_, rest)| rest.split_once('<')).map(|(id, _)| id);
    (response.status().as_u16(), id.map_or(body.clone(), |id| body.replace(id, "")))
}

#[tokio::test]
async fn a_wrong_key_gets_the_same_error_for_every_request_whether_or_not_its_object_exists() {
    let aws = with_secret_and_instance().await;
    let json = (
        400,
        r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
    );
    for key in other_keys() {
        for [existing, other] in requests(&aws.server.url()) {
            let is_form = existing.headers()["content-type"] == "application/x-www-form-urlencoded";
            let what = format!("{key:?}: {} {:?}", existing.uri(), existing.headers().get("x-amz-target"));
            let (status, body) = status_and_body(existing.sign_with(&key)).await;
            if is_form {
                assert_eq!(status, 403, "{what}");
                assert!(body.contains("<Code>InvalidClientTokenId</Code>"), "{what}: {body}");
            } else {
                assert_eq!((status, body.as_str()), json, "{what}");
            }
            assert_eq!(status_and_body(other.sign_with(&key)).await, (status, body), "{what}");
        }
    }
    assert_nothing_happened(&aws).await;
}

#[tokio::test]
async fn a_request_without_a_signature_gets_awss_own_error() {
    let aws = with_secret_and_instance().await;
    for [existing, other] in requests(&aws.server.url()) {
        let what = format!("{} {:?}", existing.uri(), existing.headers().get("x-amz-target"));
        let (status, body) = status_and_body(existing).await;
        let json = (
            400,
            r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#,
        );
        if body.starts_with('{') {
            assert_eq!((status, body.as_str()), json, "{what}");
        } else {
            assert_eq!(status, 403, "{what}");
            assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{what}: {body}");
        }
        assert_eq!(status_and_body(other).await, (status, body), "{what}");
    }
    assert_nothing_happened(&aws).await;
}

async fn assert_nothing_happened(aws: &Aws) {
    let operations: Vec<_> = aws.server.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["CreateSecret"], "only calls with a key are logged");
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!((description.get("Tags"), description.get("DeletedDate")), (None, None));
    assert_eq!(aws.code("DescribeSecret", json!({"SecretId": "nobody"})).await, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_request_without_a_key_uses_up_no_planned_failure() {
    let aws = Aws::with_secret().await;
    aws.server.fail(Failure::refuse("GetSecretValue", 1, "InternalServiceError"));
    let read = json!({"SecretId": "app"});
    let request = unsigned(&aws.server.url(), "GetSecretValue", read.clone()).map(Full::from);
    send(request.sign_with("local")).await.expect("a response");
    assert_eq!(aws.code("GetSecretValue", read).await, "InternalServiceError");
}

#[tokio::test]
async fn a_key_outside_of_the_credential_is_not_accepted() {
    let aws = Aws::with_secret().await;
    let key = KEY.expose();
    for authorization in [
        key.to_owned(),
        format!("Bearer {key}"),
        format!("AWS4-HMAC-SHA256 Credential={key}, SignedHeaders=host, Signature=none"),
        format!("AWS4-HMAC-SHA256 Credential=local/{key}, SignedHeaders={key}, Signature={key}"),
        format!("AWS4-HMAC-SHA256 Credential=local/, SignedHeaders=host, Signature=none, Credential={key}/"),
    ] {
        let mut request = signed(&aws.server.url(), "ListSecrets", json!({}));
        request.headers_mut().insert("authorization", authorization.parse().expect("a header"));
        assert_eq!(status_and_body(request).await.0, 400, "{authorization}");
    }
}

#[tokio::test]
async fn every_key_of_several_is_accepted_and_identifies_the_caller() {
    let keys = vec![AccessKey::random(), AccessKey::random()];
    let options = Options { access_keys: keys.clone(), ..Options::default() };
    let server = LocalAws::start(options).await.expect("a free port");
    assert_eq!(server.access_key(), &keys[0]);
    for key in &keys {
        let request = unsigned(&server.url(), "ListSecrets", json!({})).map(Full::from);
        assert_eq!(status_and_body(request.sign_with(key.expose())).await.0, 200);
    }
    let callers: Vec<_> = server.calls().into_iter().map(|call| call.access_key).collect();
    assert_eq!(callers, keys);
    assert_eq!(server.callers().len(), 2);
}

#[tokio::test]
async fn a_server_without_a_chosen_key_makes_its_own() {
    let [one, other] = [LocalAws::start(Options::default()).await, LocalAws::start(Options::default()).await]
        .map(|started| started.expect("a free port"));
    assert_ne!(one.access_key(), other.access_key());
    for (key, status) in [(one.access_key(), 200), (other.access_key(), 400)] {
        let request = unsigned(&one.url(), "ListSecrets", json!({})).map(Full::from);
        assert_eq!(status_and_body(request.sign_with(key.expose())).await.0, status);
    }
}

#[tokio::test]
async fn a_key_is_in_no_debug_form_and_not_in_the_log_of_calls() {
    let aws = Aws::with_secret().await;
    let url = format!("{}/_local/calls", aws.server.url());
    let request = Request::get(url).body(Full::default()).expect("a request").sign();
    let log = status_and_body(request).await.1;
    let options = Options { access_keys: vec![KEY.clone()], ..Options::default() };
    let debug = format!("{:?} {:?} {options:?} {:?}", aws.server.calls(), aws.server.callers(), aws.server);
    assert!(log.contains("CreateSecret") && debug.contains("CreateSecret"), "{log} {debug}");
    assert!(!log.contains(KEY.expose()) && !debug.contains(KEY.expose()));
}
