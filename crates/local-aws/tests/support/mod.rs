//! A server, a client for it, and a rotation function.

mod command;
mod function;
mod run;

use std::sync::LazyLock;
use std::time::Duration;

pub(crate) use command::{run, run_at, text};
pub(crate) use function::{Function, Reply};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_aws::{AccessKey, LocalAws, Options};
pub(crate) use run::Folder;
use serde_json::{Value as Json, json};

/// The access key of every server here.
pub(crate) static KEY: LazyLock<AccessKey> = LazyLock::new(AccessKey::random);

/// The access key of functions, where a server distinguishes them.
pub(crate) static FUNCTION_KEY: LazyLock<AccessKey> = LazyLock::new(AccessKey::random);

/// A program that is a function: what it does is in the event.
pub(crate) const FUNCTION: &str = include_str!("../functions/function.py");

/// A version id that is easy to recognize: 32 times the digit.
pub(crate) fn id(digit: u32) -> String {
    digit.to_string().repeat(32)
}

/// An error response of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

pub(crate) struct Aws {
    pub(crate) server: LocalAws,
}

impl Aws {
    pub(crate) async fn start() -> Self {
        Aws::start_with(Options { pause: Duration::from_millis(1), ..Options::default() }).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let options = Options { access_keys: vec![KEY.clone()], ..options };
        Aws { server: LocalAws::start(options).await.expect("a free port on loopback") }
    }

    /// A server with a secret `app` of one version, `id(1)`, whose value is `one`.
    pub(crate) async fn with_secret() -> Self {
        let aws = Aws::start().await;
        aws.create("app", "one", 1).await;
        aws
    }

    pub(crate) async fn create(&self, name: &str, value: &str, digit: u32) -> Json {
        let request = json!({"Name": name, "SecretString": value, "ClientRequestToken": id(digit)});
        self.ok("CreateSecret", request).await
    }

    pub(crate) async fn put(&self, digit: u32, value: &str, stages: &[&str]) -> Result<Json, Refused> {
        let request = json!({
            "SecretId": "app",
            "SecretString": value,
            "ClientRequestToken": id(digit),
            "VersionStages": stages,
        });
        self.call("PutSecretValue", request).await
    }

    /// Lets the function `rotate` be called for testSecret only, on a copy of the current value of `app`.
    pub(crate) async fn test_rotation(&self, digit: u32) {
        let request = json!({
            "SecretId": "app",
            "ClientRequestToken": id(digit),
            "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate",
            "RotateImmediately": false,
        });
        self.ok("RotateSecret", request).await;
    }

    pub(crate) async fn stages(&self) -> Json {
        self.ok("DescribeSecret", json!({"SecretId": "app"})).await["VersionIdsToStages"].clone()
    }

    pub(crate) async fn ok(&self, operation: &str, body: Json) -> Json {
        self.call(operation, body).await.unwrap_or_else(|refused| panic!("{operation}: {refused:?}"))
    }

    /// The code of the error with which the operation must respond.
    pub(crate) async fn code(&self, operation: &str, body: Json) -> String {
        self.call(operation, body).await.expect_err("an error").code
    }

    pub(crate) async fn call(&self, operation: &str, body: Json) -> Result<Json, Refused> {
        call(&self.server.url(), operation, body).await
    }
}

/// One region of a server.
pub(crate) struct In<'a>(pub(crate) &'a Aws, pub(crate) &'static str);

impl In<'_> {
    pub(crate) async fn call(&self, operation: &str, body: Json) -> Result<Json, Refused> {
        let request = unsigned(&self.0.server.url(), operation, body).map(Full::from);
        respond(request.sign_in(self.1)).await
    }

    pub(crate) async fn ok(&self, operation: &str, body: Json) -> Json {
        let result = self.call(operation, body).await;
        result.unwrap_or_else(|refused| panic!("{operation} in {}: {refused:?}", self.1))
    }
}

/// Calls an operation of a server.
pub(crate) async fn call(url: &str, operation: &str, body: Json) -> Result<Json, Refused> {
    call_as(&KEY, url, operation, body).await
}

/// Calls an operation of a server with an access key.
pub(crate) async fn call_as(
    key: &AccessKey,
    url: &str,
    operation: &str,
    body: Json,
) -> Result<Json, Refused> {
    respond(unsigned(url, operation, body).map(Full::from).sign_with(key.expose())).await
}

/// Sends a request, and reads its response.
async fn respond(request: Request<Full<Bytes>>) -> Result<Json, Refused> {
    let response = send(request).await.expect("a response");
    let (head, body) = response.into_parts();
    assert!(head.headers.contains_key("x-amzn-requestid"), "every response has a request id");
    if head.status == StatusCode::OK && body.is_empty() {
        return Ok(Json::Null);
    }
    let body: Json = serde_json::from_slice(&body).expect("JSON");
    if head.status == StatusCode::OK {
        return Ok(body);
    }
    let message = body.get("Message").or_else(|| body.get("message"));
    Err(Refused {
        status: head.status.as_u16(),
        code: body["__type"].as_str().expect("a code").to_owned(),
        message: message.and_then(Json::as_str).expect("a message").to_owned(),
    })
}

pub(crate) fn signed(url: &str, operation: &str, body: Json) -> Request<Full<Bytes>> {
    unsigned(url, operation, body).map(Full::from).sign()
}

pub(crate) fn unsigned(url: &str, operation: &str, body: Json) -> Request<String> {
    Request::post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("secretsmanager.{operation}"))
        .body(body.to_string())
        .expect("a request")
}

pub(crate) trait Sign: Sized {
    /// With the servers' access key.
    fn sign(self) -> Self {
        self.sign_with(KEY.expose())
    }

    fn sign_with(self, key: &str) -> Self {
        self.sign_as(key, "us-east-1")
    }

    /// With the servers' access key, in a region.
    fn sign_in(self, region: &str) -> Self {
        self.sign_as(KEY.expose(), region)
    }

    fn sign_as(self, key: &str, region: &str) -> Self;
}

impl<B> Sign for Request<B> {
    fn sign_as(mut self, key: &str, region: &str) -> Self {
        let scope = format!("{key}/20260101/{region}/secretsmanager/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none");
        self.headers_mut().insert("authorization", signature.parse().expect("a header"));
        self
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn send(
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, hyper_util::client::legacy::Error> {
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Ok(Response::from_parts(head, body))
}
