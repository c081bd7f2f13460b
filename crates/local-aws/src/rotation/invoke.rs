use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode};
use serde_json::Value as Json;

use super::{FunctionClient, FunctionError, FunctionErrorKind, function_name};
use crate::lock::lock;
use crate::service::Service;

/// The longest response that is read, in bytes (Lambda's limit for a synchronous call).
const MAX_RESPONSE: usize = 6 * 1024 * 1024;
/// The longest error type, and the longest message, that are kept of a response, in characters.
const MAX_MESSAGE: usize = 4_000;

/// Calls the function once, and waits for its response, which is returned.
pub(crate) async fn invoke(service: &Service, lambda_arn: &str, event: &Json) -> Result<Json, FunctionError> {
    let unreachable = |message: String| FunctionError::new(FunctionErrorKind::Unreachable, message);
    let base = lock(&service.lambda_url).clone().ok_or_else(|| {
        unreachable("no URL of functions is set: start local-aws with --lambda-url".to_owned())
    })?;
    let name = function_name(lambda_arn)
        .ok_or_else(|| unreachable(format!("{lambda_arn} does not name a Lambda function")))?;
    let url = format!("{}/2015-03-31/functions/{name}/invocations", base.trim_end_matches('/'));
    let limit = service.settings.invoke_timeout;
    match tokio::time::timeout(limit, send(&service.client, &url, event)).await {
        Ok(result) => result,
        Err(_) => Err(timed_out(&url, limit)),
    }
}

fn timed_out(url: &str, limit: Duration) -> FunctionError {
    let message = format!("{url} did not respond within {:.1} s", limit.as_secs_f64());
    FunctionError::new(FunctionErrorKind::TimedOut, message)
}

async fn send(client: &FunctionClient, url: &str, event: &Json) -> Result<Json, FunctionError> {
    let broken = |error: &dyn std::error::Error| {
        let causes: String = std::iter::successors(error.source(), |cause| cause.source())
            .map(|cause| format!(": {cause}"))
            .collect();
        let message =
            format!("cannot call {url} (does the program run that serves functions?): {error}{causes}");
        FunctionError::new(FunctionErrorKind::Unreachable, message)
    };
    let request = Request::post(url)
        .header("content-type", "application/json")
        .body(Full::from(event.to_string()))
        .map_err(|error| broken(&error))?;
    let (head, body) = client.request(request).await.map_err(|error| broken(&error))?.into_parts();
    let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| broken(&*error))?.to_bytes();
    let marked = head.headers.contains_key("x-amz-function-error");
    check_response(head.status, marked, &body)
}

/// Returns the error in a response, if it is one. Lambda marks errors by a header; `cargo lambda watch` sends status 500,
/// and older versions 200 with the error's object; the Runtime Interface Emulator sends 200 with the error's object.
fn check_response(status: StatusCode, marked: bool, body: &[u8]) -> Result<Json, FunctionError> {
    let json = serde_json::from_slice::<Json>(body).ok();
    let text = |member: &str| {
        json.as_ref().and_then(|json| json.get(member)).and_then(Json::as_str).map(str::to_owned)
    };
    let cut = |text: String| text.chars().take(MAX_MESSAGE).collect::<String>();
    let (error_type, message) = (text("errorType").map(cut), text("errorMessage"));
    if !marked && status.as_u16() < 400 && error_type.is_none() && message.is_none() {
        return Ok(json.unwrap_or_default());
    }
    let message = message
        .or_else(|| text("detail"))
        .or_else(|| text("message"))
        .unwrap_or_else(|| format!("status {status}: {}", String::from_utf8_lossy(body)));
    Err(FunctionError { kind: FunctionErrorKind::ErrorResponse, error_type, message: cut(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_recognized_under_every_emulator() {
        let error = br#"{"errorType":"Refused","errorMessage":"no"}"#.as_slice();
        for (status, marked, body, message) in [
            (200, false, b"null".as_slice(), None),
            (200, false, b"{\"done\":true}".as_slice(), None),
            (200, false, b"".as_slice(), None),
            (200, true, error, Some("no")),
            (200, false, error, Some("no")),
            (500, false, error, Some("no")),
            (
                404,
                false,
                br#"{"title":"Missing function","detail":"no binary"}"#.as_slice(),
                Some("no binary"),
            ),
            (200, true, b"\"text\"".as_slice(), Some("status 200 OK: \"text\"")),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let error = check_response(status, marked, body).err();
            assert!(error.as_ref().is_none_or(|error| error.kind == FunctionErrorKind::ErrorResponse));
            assert_eq!(error.map(|error| error.message).as_deref(), message, "{status} {marked}");
        }
        let refused = check_response(StatusCode::OK, true, error).expect_err("an error");
        assert_eq!((refused.error_type.as_deref(), refused.message.as_str()), (Some("Refused"), "no"));
        let long = "ä".repeat(MAX_MESSAGE + 1);
        let error = serde_json::json!({"errorType": &long, "errorMessage": &long}).to_string();
        let refused = check_response(StatusCode::OK, true, error.as_bytes()).expect_err("an error");
        let kept = [refused.error_type.unwrap_or_default(), refused.message].map(|text| text.chars().count());
        assert_eq!(kept, [MAX_MESSAGE; 2]);
    }
}
