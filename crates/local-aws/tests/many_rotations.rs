//! Memory over many rotations of one secret.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_aws::LocalAws;
use serde_json::{Value as Json, json};

use crate::support::{Aws, signed};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

/// Calls a server on connections that stay open, so that many rotations take little time.
#[derive(Clone)]
struct Caller {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    /// The version that is AWSCURRENT.
    current: Arc<Mutex<String>>,
}

impl Caller {
    async fn ok(&self, operation: &str, body: Json) {
        let response = self.client.request(signed(&self.url, operation, body)).await.expect("a response");
        assert_eq!(response.status(), 200, "{operation}");
        // Read, so that the connection is used again.
        http_body_util::BodyExt::collect(response.into_body()).await.expect("a body");
    }

    fn swap(&self, token: &str) -> String {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, token.to_owned())
    }
}

/// The least that a function must do.
async fn step(State(caller): State<Caller>, body: Bytes) {
    let event: Json = serde_json::from_slice(&body).expect("an event");
    let (secret, token) = (event["SecretId"].clone(), event["ClientRequestToken"].clone());
    match event["Step"].as_str() {
        Some("createSecret") => {
            let put = json!({
                "SecretId": secret, "ClientRequestToken": token, "SecretString": "new", "VersionStages": ["AWSPENDING"],
            });
            caller.ok("PutSecretValue", put).await;
        }
        Some("finishSecret") => {
            let from = caller.swap(token.as_str().expect("a token"));
            let update = json!({
                "SecretId": secret, "VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": from,
            });
            caller.ok("UpdateSecretVersionStage", update).await;
        }
        _ => {}
    }
}

fn token(number: u32) -> String {
    format!("{number:032}")
}

async fn prepare() -> (Aws, Caller) {
    let aws = Aws::start().await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let caller = Caller { url: aws.server.url(), client, current: Arc::new(Mutex::new(token(0))) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    aws.server.set_lambda_url(&format!("http://{}", listener.local_addr().expect("an address")));
    let path = "/2015-03-31/functions/{name}/invocations";
    let routes = Router::new().route(path, post(step)).with_state(caller.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let create = json!({"Name": "app", "SecretString": "first", "ClientRequestToken": token(0)});
    caller.ok("CreateSecret", create).await;
    (aws, caller)
}

async fn rotate(server: &LocalAws, caller: &Caller, number: u32) {
    let request =
        json!({"SecretId": "app", "ClientRequestToken": token(number), "RotationLambdaARN": FUNCTION});
    caller.ok("RotateSecret", request).await;
    assert!(server.rotated("app", &token(number)).await.succeeded, "rotation {number}");
}

#[tokio::test]
async fn after_many_rotations_a_secret_has_a_hundred_versions_and_the_last_two_have_labels() {
    let (aws, caller) = prepare().await;
    for number in 1..=300 {
        rotate(&aws.server, &caller, number).await;
    }
    let list = json!({"SecretId": "app", "IncludeDeprecated": true});
    let listed = aws.ok("ListSecretVersionIds", list).await;
    assert_eq!((listed["Versions"].as_array().map(Vec::len), listed.get("NextToken")), (Some(100), None));
    let last = json!({token(299): ["AWSPREVIOUS"], token(300): ["AWSCURRENT", "AWSPENDING"]});
    assert_eq!(aws.stages().await, last);
}

/// The memory of this process, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a size");
    line.split_whitespace().nth(1).and_then(|size| size.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test -p local-aws -- --ignored rotations"]
async fn memory_stays_the_same_from_the_fifty_thousandth_to_the_hundred_thousandth_rotation() {
    let (aws, caller) = prepare().await;
    let mut sizes = Vec::new();
    for number in 1..=100_000 {
        rotate(&aws.server, &caller, number).await;
        if number % 10_000 == 0 {
            sizes.push(resident());
        }
    }
    // A rotation has three calls here, so by then as many calls and rotations are remembered as ever will be.
    assert!(sizes[9] * 50 < sizes[4] * 51, "kB after each 10,000 rotations: {sizes:?}");
    assert!(aws.server.calls().len() <= 100_000);
}
