use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};

pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// The connection is closed without a response, as a planned failure asks.
#[derive(Debug, thiserror::Error)]
#[error("the response is dropped, as planned")]
pub(crate) struct Dropped;

/// A response with a request id, as every AWS service sends one.
pub(crate) fn build_response(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
