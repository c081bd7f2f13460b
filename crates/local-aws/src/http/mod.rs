//! HTTP: checks who sent a request, and passes it to one of the three APIs.

mod guard;
mod response;
mod secrets_manager;

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, StatusCode, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use guard::{Signed, Unauthenticated};
pub(crate) use response::{Dropped, Response, build_response};

use crate::service::Service;

/// The longest request body, in bytes. The longest value, 65,536 bytes, fits even if every byte is escaped.
const MAX_REQUEST: usize = 1024 * 1024;

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
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Responds to the requests of a connection until it ends.
pub(crate) async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, service: Arc<Service>) {
    let service = service_fn(|request| respond(Arc::clone(&service), request));
    // Errors are ignored: the client sees a broken connection itself. After its last request it may still read.
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(service: Arc<Service>, request: Request<Incoming>) -> Result<Response, Dropped> {
    if let Err(refusal) = guard::check(request.headers()) {
        return Ok(plain(StatusCode::FORBIDDEN, refusal));
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_REQUEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is longer than 1 MiB"));
        }
    };
    // First, for every request alike: without a key a client learns nothing, changes nothing, and adds nothing to the log.
    let signed = match guard::authenticate(&service.settings, &head.headers) {
        Ok(signed) => signed,
        Err(why) if is_form(&head.headers) => return Ok(crate::rds::refuse_unauthenticated(why)),
        Err(why) => return Ok(secrets_manager::refuse_unauthenticated(why)),
    };
    if let Some(path) = head.uri.path().strip_prefix("/_local/") {
        return Ok(crate::local::respond(&service, &signed.region, &head, path, &body));
    }
    if head.method != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "this is local-aws: its APIs are called by POST"));
    }
    // Stands for the network's latency; the calls below never wait.
    tokio::time::sleep(service.settings.latency).await;
    if is_form(&head.headers) {
        return crate::rds::respond(&service, &signed, &body);
    }
    secrets_manager::respond(&service, &signed, &head.headers, &body).await
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    build_response(status, "text/plain; charset=utf-8", text.into())
}
