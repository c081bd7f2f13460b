//! HTTP: checks who sent a request, and passes it to one of the three APIs.

mod guard;
mod response;
mod secrets_manager;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, StatusCode, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use guard::{Signed, Unauthenticated};
pub(crate) use response::{Dropped, Response, build_response};

use crate::saving;
use crate::service::Service;

/// The longest request body, in bytes. The longest value, 65,536 bytes, fits even if every byte is escaped.
const MAX_REQUEST: usize = 1024 * 1024;

/// How long a client may take to send a head, counted from its last response or the start, and then as long again for the
/// body. Otherwise clients that never end a request would hold connections until none are left.
const PATIENCE: Duration = Duration::from_secs(60);

/// Accepts connections until the task is aborted, which also ends the connections.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, Arc::clone(&service)));
                }
                // Most likely out of file descriptors: wait until other connections have ended.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Responds to the requests of a connection until it ends.
pub(crate) async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, service: Arc<Service>) {
    let service = service_fn(|request| respond(Arc::clone(&service), request));
    // Errors are ignored: the client sees a broken connection itself. After its last request it may still read.
    let _ = http1::Builder::new()
        .half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Responds to one request, once what the response shows is on disk (if a state is kept).
async fn respond(service: Arc<Service>, request: Request<Incoming>) -> Result<Response, Dropped> {
    let response = process(&service, request).await;
    match saving::saved(&service).await {
        Ok(()) => response,
        Err(error) => {
            saving::report(&error);
            Ok(secrets_manager::refuse_unsaved())
        }
    }
}

async fn process(service: &Arc<Service>, request: Request<Incoming>) -> Result<Response, Dropped> {
    if let Err(refusal) = guard::check(request.headers()) {
        return Ok(plain(StatusCode::FORBIDDEN, refusal));
    }
    let (head, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    // First, for every request alike: without a key a client learns nothing, changes nothing, and adds nothing to the log.
    let signed = match guard::authenticate(&service.settings, &head.headers) {
        Ok(signed) => signed,
        Err(why) if is_form(&head.headers) => return Ok(crate::rds::refuse_unauthenticated(why)),
        Err(why) => return Ok(secrets_manager::refuse_unauthenticated(why)),
    };
    if let Some(path) = head.uri.path().strip_prefix("/_local/") {
        return Ok(crate::local::respond(service, &signed.region, &head, path, &body).await);
    }
    if head.method != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "this is local-aws: its APIs are called by POST"));
    }
    // Stands for the network's latency; the calls below never wait. Without the condition, a sleep of 0 takes a millisecond.
    if !service.settings.latency.is_zero() {
        tokio::time::sleep(service.settings.latency).await;
    }
    if is_form(&head.headers) {
        return crate::rds::respond(service, &signed, &body);
    }
    secrets_manager::respond(service, &signed, &head.headers, &body).await
}

/// The whole body; nothing is done for a request whose body does not arrive. That AWS sends such a text, and not JSON, was
/// recorded of another of its services (aws/aws-sdk-js-v3#4184).
async fn read(body: Incoming) -> Result<Bytes, Response> {
    match timeout(PATIENCE, Limited::new(body, MAX_REQUEST).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(plain(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is longer than 1 MiB"))
        }
        Ok(Err(_)) => Err(plain(StatusCode::BAD_REQUEST, "the body of the request ended early")),
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time")),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    build_response(status, "text/plain; charset=utf-8", text.into())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::options::Options;
    use crate::server::new_service;

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_holds_its_connection_for_two_minutes_at_most() {
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
        let cut_in_the_body = format!("{head}Content-Length: 100\r\n\r\n{{");
        for sent in ["", "POST", head, &cut_in_the_body] {
            let (mut client, server) = tokio::io::duplex(1024);
            client.write_all(sent.as_bytes()).await.expect("room");
            let service = Arc::new(new_service(Options::default()));
            // The clock of this test moves when nothing else can.
            let ended =
                timeout(2 * PATIENCE + Duration::from_secs(1), serve_connection(server, service)).await;
            assert!(ended.is_ok(), "{sent:?}");
        }
    }
}
