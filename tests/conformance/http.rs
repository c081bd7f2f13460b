//! Making a call, and making its response comparable.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use testbed::OWN_KEY;

/// What came back: the status, the error's type, and the body without what differs from server to server.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) error: Option<String>,
    pub(super) body: Value,
}

/// The region of a request that does not say otherwise.
pub(super) const REGION: &str = "us-east-1";

/// Makes a call of `awsJson1_1`.
pub(super) async fn call(url: &str, operation: &str, body: &Value) -> Response {
    let (status, bytes) = send(url, REGION, operation, body).await;
    // An operation without a response has an empty body, or an empty object.
    let mut body: Value = serde_json::from_slice(&bytes).unwrap_or(json!({}));
    let error = error_code(&body);
    normalize(&mut body);
    Response { status, error, body }
}

/// Makes a call of `awsJson1_1`, signed for a region. Returns the status and the body as they came.
pub(super) async fn send(url: &str, region: &str, operation: &str, body: &Value) -> (u16, Bytes) {
    let request = hyper::Request::post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("secretsmanager.{operation}"))
        .header("authorization", authorization(region, "secretsmanager"))
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::from(body.to_string()))
        .expect("a request");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request).await.expect("a result");
    let status = response.status().as_u16();
    (status, response.into_body().collect().await.expect("a body").to_bytes())
}

/// The code of an error response.
pub(super) fn error_code(body: &Value) -> Option<String> {
    body.get("__type").and_then(Value::as_str).map(|kind| kind.rsplit('#').next().unwrap_or(kind).to_owned())
}

/// An access key that local-aws accepts, and a signature of nobody: neither server verifies that.
pub(super) fn authorization(region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={}/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000",
        OWN_KEY.expose()
    )
}

/// Moments and the random end of an ARN become their kind; lists without an order are sorted; null is absent.
fn normalize(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            for (name, value) in fields.iter_mut() {
                if name.ends_with("Date") {
                    assert!(value.is_number(), "{name} is no number");
                    *value = json!("a moment");
                }
                if name == "RandomPassword" {
                    *value = json!(value.as_str().map(str::len));
                }
                normalize(value);
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(normalize);
            items.sort_by_key(ToString::to_string);
        }
        Value::String(text) => {
            if let Some(random) = text
                .strip_prefix("arn:aws:secretsmanager:")
                .and_then(|arn| arn.rfind('-').map(|at| arn.len() - at))
            {
                text.truncate(text.len() - random);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
