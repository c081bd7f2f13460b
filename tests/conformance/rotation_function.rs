//! The rotation functions of recorded rotations and of the clients' programs, served at one address.

use std::convert::Infallible;

use aws_sdk_secretsmanager::Client;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use local_aws::LocalAws;
use serde_json::{Value, json};
use testbed::{FUNCTIONS_KEY, secrets_manager, secrets_manager_as};
use tokio::{net::TcpListener, task::JoinHandle};

/// What a function does, by its name; functions of other names do not exist.
#[derive(Clone, Copy)]
enum Behaviour {
    /// As AWS's templates do: AWSPENDING stays on the version that becomes AWSCURRENT.
    Rotates,
    /// createSecret stores a value, and setSecret fails.
    Stuck,
    /// createSecret fails, so that AWSPENDING is on a version without a value.
    Empty,
    /// finishSecret takes AWSPENDING off, and AWSCURRENT stays where it was.
    NeverMoves,
    /// Somebody else stores the pending value, without the rotation token.
    Stranger,
}

/// The functions that exist, for local-aws's options.
pub(super) fn names() -> Vec<String> {
    ["rotates", "stuck", "empty", "never-moves", "stranger"].map(String::from).into()
}

impl Behaviour {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rotates" => Self::Rotates,
            "stuck" => Self::Stuck,
            "empty" => Self::Empty,
            "never-moves" => Self::NeverMoves,
            "stranger" => Self::Stranger,
            _ => return None,
        })
    }
}

/// The ARN of a function.
pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
}

/// Serves the functions until this value is dropped.
pub(super) struct Served(JoinHandle<Result<(), Infallible>>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves the functions to a local-aws, which calls them from now on.
pub(super) async fn serve(local: &LocalAws) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    local.set_lambda_url(&format!("http://{}", listener.local_addr().expect("its address")));
    let routes =
        Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(local.url());
    Served(tokio::spawn(async move {
        axum::serve(listener, routes).await.expect("it serves until it is stopped");
        Ok(())
    }))
}

async fn invoke(
    State(url): State<String>,
    Path(name): Path<String>,
    Json(event): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let Some(behaviour) = Behaviour::named(&name) else {
        return (
            StatusCode::NOT_FOUND,
            Json(json!({"message": format!("Function not found: {}", arn(&name))})),
        );
    };
    match step(&url, behaviour, &event).await {
        Ok(()) => (StatusCode::OK, Json(Value::Null)),
        Err(message) => {
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"errorType": "Failed", "errorMessage": message})))
        }
    }
}

async fn step(url: &str, behaviour: Behaviour, event: &Value) -> Result<(), String> {
    let member = |name: &str| event[name].as_str().expect("a member of the event");
    let (secret, version) = (member("SecretId"), member("ClientRequestToken"));
    let client = secrets_manager_as(&FUNCTIONS_KEY, url);
    match (member("Step"), behaviour) {
        ("createSecret", Behaviour::Empty) | ("setSecret", Behaviour::Stuck) => Err("as planned".into()),
        ("createSecret", Behaviour::Stranger) => put(&secrets_manager(url), secret, version, None).await,
        ("createSecret", _) => put(&client, secret, version, Some(member("RotationToken"))).await,
        ("finishSecret", Behaviour::NeverMoves) => {
            let off = client.update_secret_version_stage().secret_id(secret).version_stage("AWSPENDING");
            said(off.remove_from_version_id(version).send().await)
        }
        ("finishSecret", _) => finish(&client, secret, version).await,
        _ => Ok(()),
    }
}

async fn put(
    client: &Client,
    secret: &str,
    version: &str,
    rotation_token: Option<&str>,
) -> Result<(), String> {
    let pending = client.get_secret_value().secret_id(secret).version_id(version);
    if pending.version_stage("AWSPENDING").send().await.is_ok() {
        return Ok(());
    }
    let put = client.put_secret_value().secret_id(secret).client_request_token(version);
    let put = put.secret_string("rotated").version_stages("AWSPENDING");
    said(put.set_rotation_token(rotation_token.map(Into::into)).send().await)
}

async fn finish(client: &Client, secret: &str, version: &str) -> Result<(), String> {
    let current = client.get_secret_value().secret_id(secret).send().await;
    let current = current.map_err(|error| format!("{error:?}"))?.version_id.expect("a version");
    if current == version {
        return Ok(());
    }
    let moved = client.update_secret_version_stage().secret_id(secret).version_stage("AWSCURRENT");
    said(moved.move_to_version_id(version).remove_from_version_id(current).send().await)
}

fn said<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| format!("{error:?}"))
}
