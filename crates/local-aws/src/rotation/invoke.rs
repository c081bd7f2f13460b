use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;

use super::{FunctionError, FunctionErrorKind};
use crate::service::{Service, lock};

/// The longest answer that is read, in bytes (Lambda's own limit for a synchronous call).
const MAX_ANSWER: usize = 6 * 1024 * 1024;
/// The longest error type and the longest message that are kept of an answer, in characters each.
const MAX_MESSAGE: usize = 4_000;

pub(crate) type FunctionClient = Client<HttpConnector, Full<Bytes>>;

/// A client that opens one connection a call: a pooled one that its server has closed would look like a failure of
/// the function.
pub(crate) fn client() -> FunctionClient {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
}

/// The name in a function's ARN (`arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with or without a version or alias).
pub(crate) fn function_name(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ("arn", "lambda", "function") = (*parts.first()?, *parts.get(2)?, *parts.get(5)?) else {
        return None;
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    parts.get(6).copied().filter(|name| !name.is_empty() && name.chars().all(allowed))
}

/// Calls the function once, and waits for its answer.
pub(super) async fn invoke(service: &Service, lambda_arn: &str, event: &Json) -> Result<(), FunctionError> {
    let unreachable = |message: String| FunctionError::new(FunctionErrorKind::Unreachable, message);
    let base = lock(&service.lambda_url).clone().ok_or_else(|| {
        unreachable("no URL of functions is set; start local-aws with --lambda-url".to_owned())
    })?;
    let name = function_name(lambda_arn)
        .ok_or_else(|| unreachable(format!("{lambda_arn} does not name a Lambda function")))?;
    let url = format!("{}/2015-03-31/functions/{name}/invocations", base.trim_end_matches('/'));
    let limit = service.settings.invoke_timeout;
    match tokio::time::timeout(limit, send(&service.client, &url, event)).await {
        Ok(answer) => answer,
        Err(_) => Err(timed_out(&url, limit)),
    }
}

fn timed_out(url: &str, limit: Duration) -> FunctionError {
    let message = format!("{url} did not answer within {:.1} s", limit.as_secs_f64());
    FunctionError::new(FunctionErrorKind::TimedOut, message)
}

async fn send(client: &FunctionClient, url: &str, event: &Json) -> Result<(), FunctionError> {
    let broken = |error: &dyn std::error::Error| {
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        FunctionError::new(FunctionErrorKind::Unreachable, format!("cannot call {url}: {error}{cause}"))
    };
    let request = Request::post(url)
        .header("content-type", "application/json")
        .body(Full::from(event.to_string()))
        .map_err(|error| broken(&error))?;
    let (head, body) = client.request(request).await.map_err(|error| broken(&error))?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| broken(&*error))?.to_bytes();
    let marked = head.headers.contains_key("x-amz-function-error");
    judge(head.status, marked, &body)
}

/// Tells an error from an answer. Lambda marks errors by a header; `cargo lambda watch` answers 500, or 200 with the
/// error's object in older versions; the Runtime Interface Emulator answers 200 with the error's object.
fn judge(status: StatusCode, marked: bool, body: &[u8]) -> Result<(), FunctionError> {
    let json = serde_json::from_slice::<Json>(body).ok();
    let text = |member: &str| {
        json.as_ref().and_then(|json| json.get(member)).and_then(Json::as_str).map(str::to_owned)
    };
    let cut = |text: String| text.chars().take(MAX_MESSAGE).collect::<String>();
    let (error_type, message) = (text("errorType").map(cut), text("errorMessage"));
    if !marked && status.as_u16() < 400 && error_type.is_none() && message.is_none() {
        return Ok(());
    }
    let message = message
        .or_else(|| text("detail"))
        .or_else(|| text("message"))
        .unwrap_or_else(|| format!("status {status}: {}", String::from_utf8_lossy(body)));
    Err(FunctionError { kind: FunctionErrorKind::Answered, error_type, message: cut(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_arn() {
        for (arn, name) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:rotate", Some("rotate")),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:a_b-1:live", Some("a_b-1")),
            ("arn:aws:lambda:us-east-1:123456789012:function:", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:a/../b", None),
            ("arn:aws:s3:us-east-1:123456789012:function:rotate", None),
            ("rotate", None),
        ] {
            assert_eq!(function_name(arn), name, "{arn}");
        }
    }

    #[test]
    fn an_error_is_told_from_an_answer_under_every_emulator() {
        let error = br#"{"errorType":"Refused","errorMessage":"no"}"#.as_slice();
        for (status, marked, body, failed) in [
            (200, false, b"null".as_slice(), false),
            (200, false, b"{\"done\":true}".as_slice(), false),
            (200, false, b"".as_slice(), false),
            (200, true, error, true),
            (200, false, error, true),
            (500, false, error, true),
            (404, false, br#"{"title":"Missing function","detail":"no binary"}"#.as_slice(), true),
            (200, true, b"\"text\"".as_slice(), true),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(judge(status, marked, body).is_err(), failed, "{status} {marked}");
        }
        let refused = judge(StatusCode::OK, true, error).expect_err("an error");
        assert_eq!((refused.error_type.as_deref(), refused.message.as_str()), (Some("Refused"), "no"));
        let long = "ä".repeat(MAX_MESSAGE + 1);
        let error = serde_json::json!({"errorType": &long, "errorMessage": &long}).to_string();
        let refused = judge(StatusCode::OK, true, error.as_bytes()).expect_err("an error");
        let kept = [refused.error_type.unwrap_or_default(), refused.message].map(|text| text.chars().count());
        assert_eq!(kept, [MAX_MESSAGE; 2]);
    }
}
