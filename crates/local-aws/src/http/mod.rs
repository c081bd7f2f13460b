//! The HTTP side: who may ask, and which of the three interfaces a request is for.

mod guard;
mod secrets_manager;

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use guard::Unauthenticated;

use crate::service::Service;

/// The longest request body, in bytes: a value of 65,536 bytes escaped to the last byte, and more than enough around it.
const MAX_REQUEST: usize = 1024 * 1024;

pub(crate) type Answer = Response<Full<Bytes>>;

/// The connection is closed without an answer, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the answer was dropped on purpose")]
pub(crate) struct Dropped;

/// Accepts connections until it is aborted; the connections end with it.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&service)));
                }
                // Out of file descriptors, most likely: let other connections end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers what comes over a connection until it ends.
pub(crate) async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, service: Arc<Service>) {
    let answer = service_fn(|request| answer(Arc::clone(&service), request));
    // A connection that breaks is the client's affair. One that says no more may still listen.
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(service: Arc<Service>, request: Request<Incoming>) -> Result<Answer, Dropped> {
    if let Err(refusal) = guard::check(request.headers()) {
        return Ok(plain(StatusCode::FORBIDDEN, refusal));
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_REQUEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 1 MiB")),
    };
    // First, and whatever is asked for: without a key there is nothing to learn, to change or to fill the log with.
    let key = match guard::authenticate(&service.settings.access_keys, &head.headers) {
        Ok(key) => key,
        Err(why) if is_form(&head.headers) => return Ok(crate::rds::refuse_unauthenticated(why)),
        Err(why) => return Ok(secrets_manager::refuse_unauthenticated(why)),
    };
    if let Some(path) = head.uri.path().strip_prefix("/_local/") {
        return Ok(crate::local::answer(&service, &head, path, &body));
    }
    if head.method != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "this is local-aws: POST only"));
    }
    // The way to AWS and back; what answers below never waits.
    tokio::time::sleep(service.settings.latency).await;
    if is_form(&head.headers) {
        return crate::rds::answer(&service, key, &body);
    }
    secrets_manager::answer(&service, key, &head.headers, &body)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    respond(status, "text/plain; charset=utf-8", text.into())
}

/// An answer with a request id, as every AWS service gives one.
pub(crate) fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        answer.headers_mut().insert("x-amzn-requestid", id);
    }
    answer
}
