//! The Lambda Runtime API, at an address of its own for every execution environment: where a function asks for its
//! next event, and reports its result (AWS Lambda developer guide, "Using the Lambda runtime API").

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{AppendHeaders, IntoResponse},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

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
    function: String,
    messages: mpsc::UnboundedSender<RuntimeMessage>,
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
}

impl RuntimeApi {
    /// Listens on a free port for one process of this function.
    pub async fn start(function: &str) -> Self {
        let (send, messages) = mpsc::unbounded_channel();
        let (events, queue) = mpsc::unbounded_channel();
        let channels = Channels { function: function.to_owned(), messages: send, events: Mutex::new(queue) };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(channels));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving goes on until it is aborted");
        });
        Self { address, messages, events, serving }
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
    let since_1970 = deadline.duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let id = uuid::Uuid::new_v4();
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", channels.function);
    let headers = AppendHeaders([
        ("Lambda-Runtime-Aws-Request-Id", id.to_string()),
        ("Lambda-Runtime-Deadline-Ms", since_1970.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", arn),
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
