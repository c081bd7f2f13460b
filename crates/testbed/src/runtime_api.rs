//! The Lambda Runtime API, at an address of its own for every execution environment: where a function asks for its
//! next event, and says what became of it (AWS Lambda developer guide, "Using the Lambda runtime API").

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

/// What a function says.
#[derive(Debug)]
pub enum Said {
    /// It waits for an event.
    Ready,
    /// It handled the event.
    Response(Value),
    /// It failed, at an event or before the first.
    Error(Value),
}

/// An event on its way to the function.
#[derive(Debug)]
pub struct Event {
    /// JSON.
    pub body: Bytes,
    /// Until Lambda would kill the function.
    pub timeout: Duration,
}

/// The address that one execution environment talks to, and our side of the talk. Closed when dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the function says, in order.
    pub said: mpsc::UnboundedReceiver<Said>,
    /// What the function gets, one event for each time that it is ready.
    pub events: mpsc::UnboundedSender<Event>,
    serving: JoinHandle<()>,
}

struct Talk {
    function: String,
    said: mpsc::UnboundedSender<Said>,
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
}

impl RuntimeApi {
    /// Listens on a free port for one process of this function.
    pub async fn start(function: &str) -> Self {
        let (say, said) = mpsc::unbounded_channel();
        let (events, queue) = mpsc::unbounded_channel();
        let talk = Talk { function: function.to_owned(), said: say, events: Mutex::new(queue) };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(talk));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving goes on until it is aborted");
        });
        Self { address, said, events, serving }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(talk): State<Arc<Talk>>) -> impl IntoResponse {
    let mut events = talk.events.lock().await;
    let _ = talk.said.send(Said::Ready);
    let Some(event) = events.recv().await else {
        return Err(StatusCode::GONE);
    };
    let deadline = SystemTime::now() + event.timeout;
    let since_1970 = deadline.duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let id = uuid::Uuid::new_v4();
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", talk.function);
    let headers = AppendHeaders([
        ("Lambda-Runtime-Aws-Request-Id", id.to_string()),
        ("Lambda-Runtime-Deadline-Ms", since_1970.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", arn),
        ("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ]);
    Ok((headers, event.body))
}

async fn response(State(talk): State<Arc<Talk>>, body: Bytes) -> impl IntoResponse {
    let _ = talk.said.send(Said::Response(value_of(&body)));
    accepted()
}

async fn error(State(talk): State<Arc<Talk>>, body: Bytes) -> impl IntoResponse {
    let _ = talk.said.send(Said::Error(value_of(&body)));
    accepted()
}

fn value_of(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn accepted() -> impl IntoResponse {
    (StatusCode::ACCEPTED, Json(serde_json::json!({ "status": "OK" })))
}
