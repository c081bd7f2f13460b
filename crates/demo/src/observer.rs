//! A proxy between Secrets Manager and the functions: it passes every call on, and prints the secret's state after it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aws_sdk_secretsmanager::Client;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::Value;
use testbed::CargoLambda;

use crate::{
    events,
    scenarios::{Guarantee, Scenario},
    servers::Servers,
    show,
    version::Version,
};

/// The rotation that runs, and what has gone wrong so far.
pub(crate) struct ObservedRotation {
    secret_id: String,
    scenario: &'static Scenario,
    pub(crate) problems: Vec<String>,
}

impl ObservedRotation {
    pub(crate) fn new(secret_id: &str, scenario: &'static Scenario) -> Self {
        Self { secret_id: secret_id.to_owned(), scenario, problems: Vec::new() }
    }
}

struct Observer {
    functions: String,
    http: legacy::Client<legacy::connect::HttpConnector, Body>,
    servers: Arc<Servers>,
    secrets: Client,
    observed: Arc<Mutex<Option<ObservedRotation>>>,
}

/// Returns the address at which Secrets Manager invokes functions.
pub(crate) async fn start(
    functions: &CargoLambda,
    servers: &Arc<Servers>,
    secrets: &Client,
    observed: Arc<Mutex<Option<ObservedRotation>>>,
) -> String {
    let observer = Observer {
        functions: format!("http://127.0.0.1:{}", functions.port()),
        http: legacy::Client::builder(TokioExecutor::new()).build_http(),
        servers: Arc::clone(servers),
        secrets: secrets.clone(),
        observed,
    };
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(pass_on))
        .with_state(Arc::new(observer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound port"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass_on(
    State(observer): State<Arc<Observer>>,
    Path(function): Path<String>,
    sent: Bytes,
) -> Response {
    let event: Value = serde_json::from_slice(&sent).unwrap_or_default();
    let step = event["Step"].as_str().unwrap_or_default();
    let file = format!("{function}.{step}");
    let event = match events::write(&event, &file) {
        Ok(event) => event,
        Err(problem) => {
            observer.record(problem.clone());
            return (StatusCode::INTERNAL_SERVER_ERROR, problem).into_response();
        }
    };
    let started = Instant::now();
    let response = observer.invoke(&function, event).await;
    let elapsed = started.elapsed();
    observer.print_and_check(step, elapsed).await;
    response.unwrap_or_else(|problem| {
        observer.record(problem.clone());
        (StatusCode::BAD_GATEWAY, problem).into_response()
    })
}

impl Observer {
    async fn invoke(&self, function: &str, event: String) -> Result<Response, String> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.functions);
        let request = Request::post(url).header("content-type", "application/json").body(Body::from(event));
        let response = self.http.request(request.expect("a request")).await;
        let (head, body) =
            response.map_err(|error| format!("{function} cannot be called: {error}"))?.into_parts();
        let body =
            axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&body);
        if text.contains("\"errorType\"") || !head.status.is_success() {
            self.record(format!("{function} returned {} {text}", head.status));
        }
        Ok(Response::from_parts(head, Body::from(body)))
    }

    /// Prints the secret's versions, and checks the scenario's guarantee.
    async fn print_and_check(&self, step: &str, elapsed: Duration) {
        let Some((secret_id, scenario)) = self.rotation() else { return };
        let server = self.servers.of(scenario.engine);
        let versions = Version::all(&self.secrets, &secret_id, server).await;
        println!("{}", show::step(step, elapsed, &versions));
        let current_signs_in = versions.iter().any(|version| version.signs_in && version.has("AWSCURRENT"));
        let holds = match scenario.guarantee {
            Guarantee::SomeVersionSignsIn if step != "finishSecret" => {
                versions.iter().any(|version| version.signs_in)
            }
            Guarantee::SomeVersionSignsIn | Guarantee::CurrentSignsIn => current_signs_in,
        };
        if !holds {
            self.record(format!("after {step} the application cannot sign in"));
        }
    }

    fn rotation(&self) -> Option<(String, &'static Scenario)> {
        let observed = self.observed.lock().expect("no holder panics");
        observed.as_ref().map(|observed| (observed.secret_id.clone(), observed.scenario))
    }

    fn record(&self, problem: String) {
        if let Some(observed) = self.observed.lock().expect("no holder panics").as_mut() {
            observed.problems.push(problem);
        }
    }
}
