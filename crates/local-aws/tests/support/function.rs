use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json as JsonBody, Router};
use serde_json::{Value as Json, json};
use tokio::task::AbortHandle;

use super::call;

/// The function's reply to one call.
#[derive(Clone)]
pub(crate) enum Reply {
    /// It does the step's work, and succeeds.
    Works,
    /// It does nothing, and succeeds.
    Idles,
    /// It takes AWSPENDING off the version, and succeeds.
    RemovesPending,
    /// It responds with this status and body, with or without Lambda's header.
    Fails(u16, bool, Json),
    /// It never responds.
    Hangs,
}

struct Script {
    secrets_manager: String,
    replies: Mutex<VecDeque<Reply>>,
    events: Mutex<Vec<(String, Json)>>,
}

/// A rotation function, at the path that `cargo lambda watch` serves. After its scripted replies it does each step's work.
pub(crate) struct Function {
    script: Arc<Script>,
    pub(crate) url: String,
    server: AbortHandle,
}

impl Function {
    pub(crate) async fn start(secrets_manager: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Script {
            secrets_manager: secrets_manager.to_owned(),
            replies: Mutex::new(replies.into_iter().collect()),
            events: Mutex::new(Vec::new()),
        });
        let routes = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(respond))
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await }).abort_handle();
        Function { script, url, server }
    }

    /// The names of the steps that were called.
    pub(crate) fn steps(&self) -> Vec<String> {
        let step = |(_, event): &(String, Json)| event["Step"].as_str().expect("a step").to_owned();
        self.script.events.lock().expect("no panic").iter().map(step).collect()
    }

    /// The events, each with the name of the function that was called.
    pub(crate) fn events(&self) -> Vec<(String, Json)> {
        self.script.events.lock().expect("no panic").clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(
    State(script): State<Arc<Script>>,
    Path(name): Path<String>,
    JsonBody(event): JsonBody<Json>,
) -> Response {
    script.events.lock().expect("no panic").push((name, event.clone()));
    let reply = script.replies.lock().expect("no panic").pop_front().unwrap_or(Reply::Works);
    match reply {
        Reply::Works => {
            work(&script.secrets_manager, &event).await;
            JsonBody(Json::Null).into_response()
        }
        Reply::RemovesPending => {
            let remove = json!({
                "SecretId": event["SecretId"],
                "VersionStage": "AWSPENDING",
                "RemoveFromVersionId": event["ClientRequestToken"],
            });
            call(&script.secrets_manager, "UpdateSecretVersionStage", remove).await.expect("a removal");
            JsonBody(Json::Null).into_response()
        }
        Reply::Idles => JsonBody(Json::Null).into_response(),
        Reply::Fails(status, marked, body) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let mut response = (status, JsonBody(body)).into_response();
            if marked {
                let unhandled = "Unhandled".parse().expect("a header");
                response.headers_mut().insert("x-amz-function-error", unhandled);
            }
            response
        }
        Reply::Hangs => std::future::pending().await,
    }
}

/// The least that a rotation function does in Secrets Manager.
async fn work(url: &str, event: &Json) {
    let secret = &event["SecretId"];
    let token = &event["ClientRequestToken"];
    let description = call(url, "DescribeSecret", json!({"SecretId": secret})).await.expect("a secret");
    match event["Step"].as_str() {
        Some("createSecret") => {
            let put = json!({
                "SecretId": secret,
                "ClientRequestToken": token,
                "SecretString": "rotated",
                "VersionStages": ["AWSPENDING"],
                "RotationToken": event["RotationToken"],
            });
            call(url, "PutSecretValue", put).await.expect("a put");
        }
        Some("testSecret") => {
            let get = json!({"SecretId": secret, "VersionId": token, "VersionStage": "AWSPENDING"});
            call(url, "GetSecretValue", get).await.expect("a pending value");
        }
        Some("finishSecret") => {
            let stages = description["VersionIdsToStages"].as_object().expect("labels");
            let holds =
                |labels: &Json| labels.as_array().is_some_and(|all| all.contains(&json!("AWSCURRENT")));
            let current = stages.iter().find(|(_, labels)| holds(labels)).map(|(id, _)| id);
            let update = json!({
                "SecretId": secret,
                "VersionStage": "AWSCURRENT",
                "MoveToVersionId": token,
                "RemoveFromVersionId": current,
            });
            call(url, "UpdateSecretVersionStage", update).await.expect("a move");
        }
        _ => {}
    }
}
