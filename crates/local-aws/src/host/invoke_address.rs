//! The part of the Lambda API that Secrets Manager calls: synchronous invocations.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Functions that can be invoked by name.
#[async_trait]
pub trait Invoke: Send + Sync + 'static {
    /// Invokes a function and waits for its response, or for its error as an object with `errorType` and `errorMessage`.
    /// `None` if there is no function of this name.
    async fn invoke(&self, name: &str, event: Bytes) -> Option<Result<Value, Value>>;
}

/// An address of the Lambda API on a free port of loopback: `POST {url}/2015-03-31/functions/NAME/invocations`. Dropping
/// it closes the address.
#[derive(Debug)]
pub struct InvokeAddress {
    url: String,
    serving: JoinHandle<()>,
}

impl InvokeAddress {
    /// Serves these functions.
    ///
    /// # Errors
    /// If the system has no port left.
    pub async fn start(functions: Arc<impl Invoke>) -> io::Result<Self> {
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invocations))
            .with_state(functions as Arc<dyn Invoke>);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            // It returns no error, but waits where no connection can be accepted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, serving })
    }

    /// The URL before `/2015-03-31`, for [`Options::lambda_url`](crate::Options::lambda_url).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for InvokeAddress {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn invocations(
    State(functions): State<Arc<dyn Invoke>>,
    Path(name): Path<String>,
    event: Bytes,
) -> Response {
    match functions.invoke(&name, event).await {
        Some(Ok(response)) => Json(response).into_response(),
        Some(Err(error)) => ([("X-Amz-Function-Error", "Unhandled")], Json(error)).into_response(),
        None => {
            let missing = json!({ "Type": "User", "Message": format!("Function not found: {name}") });
            let kind = [("X-Amzn-ErrorType", "ResourceNotFoundException")];
            (StatusCode::NOT_FOUND, kind, Json(missing)).into_response()
        }
    }
}
