//! Between Secrets Manager and the functions: passes every call on, and looks at the secret after it.

use std::{
    collections::HashMap,
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
use testbed::{CargoLambda, Credentials};

use crate::{
    environment::Servers,
    events,
    scenarios::{Promise, Scenario},
    show,
};

/// The rotation that is being watched, and what was wrong with it so far.
pub(crate) struct Watched {
    secret_id: String,
    scenario: &'static Scenario,
    pub(crate) problems: Vec<String>,
}

impl Watched {
    pub(crate) fn new(secret_id: &str, scenario: &'static Scenario) -> Self {
        Self { secret_id: secret_id.to_owned(), scenario, problems: Vec::new() }
    }
}

/// A version of a secret, as it is found after a step.
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) labels: Vec<String>,
    /// None if the version has no value yet.
    pub(crate) user: Option<String>,
    pub(crate) signs_in: bool,
}

struct Observer {
    functions: String,
    http: legacy::Client<legacy::connect::HttpConnector, Body>,
    servers: Arc<Servers>,
    secrets: Client,
    watched: Arc<Mutex<Option<Watched>>>,
}

/// Answers the invoke address for Secrets Manager.
pub(crate) async fn start(
    functions: &CargoLambda,
    servers: &Arc<Servers>,
    secrets: &Client,
    watched: Arc<Mutex<Option<Watched>>>,
) -> String {
    let observer = Observer {
        functions: format!("http://127.0.0.1:{}", functions.port()),
        http: legacy::Client::builder(TokioExecutor::new()).build_http(),
        servers: Arc::clone(servers),
        secrets: secrets.clone(),
        watched,
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
            observer.note(problem.clone());
            return (StatusCode::INTERNAL_SERVER_ERROR, problem).into_response();
        }
    };
    let started = Instant::now();
    let answer = observer.invoke(&function, event).await;
    let elapsed = started.elapsed();
    observer.look(step, elapsed).await;
    answer.unwrap_or_else(|problem| {
        observer.note(problem.clone());
        (StatusCode::BAD_GATEWAY, problem).into_response()
    })
}

impl Observer {
    async fn invoke(&self, function: &str, event: String) -> Result<Response, String> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.functions);
        let request = Request::post(url).header("content-type", "application/json").body(Body::from(event));
        let answer = self.http.request(request.expect("a request")).await;
        let (head, body) =
            answer.map_err(|error| format!("{function} cannot be called: {error}"))?.into_parts();
        let body =
            axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&body);
        if text.contains("\"errorType\"") || !head.status.is_success() {
            self.note(format!("{function} answered {} {text}", head.status));
        }
        Ok(Response::from_parts(head, Body::from(body)))
    }

    /// Shows the secret, and holds it to the promise.
    async fn look(&self, step: &str, elapsed: Duration) {
        let watched = self
            .watched
            .lock()
            .expect("nobody panics here")
            .as_ref()
            .map(|w| (w.secret_id.clone(), w.scenario));
        let Some((secret_id, scenario)) = watched else { return };
        let versions = self.versions(&secret_id, scenario).await;
        show::step(step, elapsed, &versions);
        let signs_in = |label: &str| {
            versions.iter().any(|version| version.signs_in && version.labels.iter().any(|has| has == label))
        };
        let kept = match scenario.promise {
            Promise::SomeVersionSignsIn if step != "finishSecret" => {
                versions.iter().any(|version| version.signs_in)
            }
            Promise::SomeVersionSignsIn | Promise::CurrentSignsIn => signs_in("AWSCURRENT"),
        };
        if !kept {
            self.note(format!("after {step} the application cannot sign in"));
        }
    }

    async fn versions(&self, secret_id: &str, scenario: &Scenario) -> Vec<Version> {
        let secret =
            self.secrets.describe_secret().secret_id(secret_id).send().await.expect("the secret is there");
        let labels: HashMap<String, Vec<String>> = secret.version_ids_to_stages.unwrap_or_default();
        let mut versions = Vec::new();
        for (id, labels) in labels {
            let value = self.secrets.get_secret_value().secret_id(secret_id).version_id(&id).send().await;
            let value: Option<Value> = value.ok().and_then(|v| serde_json::from_str(v.secret_string()?).ok());
            let field = |name: &str| value.as_ref().and_then(|value| value[name].as_str()).map(str::to_owned);
            let user = field("username");
            let mut signs_in = false;
            if let (Some(user), Some(password)) = (user.clone(), field("password")) {
                let database = field("dbname").unwrap_or_default();
                let server = self.servers.of(scenario.engine);
                signs_in = server.signs_in(&Credentials { user, password }, &database).await;
            }
            versions.push(Version { id, labels, user, signs_in });
        }
        versions
    }

    fn note(&self, problem: String) {
        if let Some(watched) = self.watched.lock().expect("nobody panics here").as_mut() {
            watched.problems.push(problem);
        }
    }
}
