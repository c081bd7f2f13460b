//! The Lambda Runtime API, at an address of its own for every execution environment: where a function asks for its
//! next event, and reports its result (AWS Lambda developer guide, "Using the Lambda runtime API").

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// The longest response of a function, in bytes: Lambda's limit of 6 MB, and space for the quotes around it.
const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 1024;

/// A message of a function.
#[derive(Debug)]
pub enum RuntimeMessage {
    /// It waits for an event.
    Ready,
    /// It handled the event, with this response.
    Response(Value),
    /// It failed, while it handled an event or before the first one.
    Error(Value),
}

/// An event on its way to the function.
#[derive(Debug)]
pub struct Event {
    /// JSON.
    pub body: Bytes,
    /// How long the function may take before Lambda would kill it.
    pub timeout: Duration,
}

/// The API of one execution environment. Dropping it closes its address.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    /// The messages of the function, in order.
    pub messages: mpsc::UnboundedReceiver<RuntimeMessage>,
    /// The events for the function, one for each time that it is ready.
    pub events: mpsc::UnboundedSender<Event>,
    serving: JoinHandle<()>,
}

struct Channels {
    function_arn: String,
    messages: mpsc::UnboundedSender<RuntimeMessage>,
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
}

impl RuntimeApi {
    /// Listens on a free port of loopback for one process of the function with this ARN.
    ///
    /// # Errors
    /// If the system has no port left.
    pub async fn start(function_arn: &str) -> io::Result<Self> {
        let (send, messages) = mpsc::unbounded_channel();
        let (events, queue) = mpsc::unbounded_channel();
        let channels =
            Channels { function_arn: function_arn.to_owned(), messages: send, events: Mutex::new(queue) };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .layer(DefaultBodyLimit::max(MAX_RESPONSE))
            .with_state(Arc::new(channels));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            // It returns no error, but waits where no connection can be accepted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, messages, events, serving })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(channels): State<Arc<Channels>>) -> impl IntoResponse {
    let mut events = channels.events.lock().await;
    let _ = channels.messages.send(RuntimeMessage::Ready);
    let Some(event) = events.recv().await else {
        return Err(StatusCode::GONE);
    };
    let deadline = SystemTime::now() + event.timeout;
    // A clock before 1970 gives a deadline that has passed.
    let since_1970 = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = uuid::Uuid::new_v4();
    let headers = AppendHeaders([
        ("Lambda-Runtime-Aws-Request-Id", id.to_string()),
        ("Lambda-Runtime-Deadline-Ms", since_1970.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", channels.function_arn.clone()),
        ("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ]);
    Ok((headers, event.body))
}

async fn response(State(channels): State<Arc<Channels>>, body: Bytes) -> impl IntoResponse {
    let _ = channels.messages.send(RuntimeMessage::Response(value_of(&body)));
    accepted()
}

async fn error(State(channels): State<Arc<Channels>>, body: Bytes) -> impl IntoResponse {
    let _ = channels.messages.send(RuntimeMessage::Error(value_of(&body)));
    accepted()
}

fn value_of(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn accepted() -> impl IntoResponse {
    (StatusCode::ACCEPTED, Json(serde_json::json!({ "status": "OK" })))
}
