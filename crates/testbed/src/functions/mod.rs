//! The real Lambda binaries, run and invoked as Lambda does, at one address in the form of the Lambda API.

mod built;
mod execution;
mod memory;

pub use built::binaries;
use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use self::execution::Function;
pub use self::execution::set_by_lambda;
pub use self::memory::Memory;
use crate::Server;
use crate::environment::package;

/// Several functions behind one invoke address. They end with this value, or with the process.
#[derive(Debug)]
pub struct Functions {
    all: Arc<All>,
    url: String,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct All {
    environment: Vec<(String, String)>,
    functions: Mutex<HashMap<String, Arc<Function>>>,
    listener: OnceLock<Arc<dyn Listener>>,
}

/// Who learns of events.
pub trait Listener: fmt::Debug + Send + Sync {
    /// This one is about to be delivered.
    fn event(&self, event: &Value);
}

/// Why an invocation failed: what a caller of the Lambda API reads in the answer's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Such as `Sandbox.Timedout`, or a type of the function's own.
    pub error_type: String,
    /// The function's own words, or Lambda's.
    pub error_message: String,
}

impl Functions {
    /// An invoke address without functions. All of them get these variables, over those that Lambda sets.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let environment = owned(environment);
        let all = Arc::new(All { environment, functions: Mutex::default(), listener: OnceLock::new() });
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invocations))
            .with_state(Arc::clone(&all));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving goes on until it is aborted");
        });
        Self { all, url, serving }
    }

    /// The same for functions that reach AWS at `aws`, and trust this server's authority.
    pub async fn between(aws: &str, server: &dyn Server) -> Self {
        let authority = server.ca_file().display().to_string();
        let environment = [
            ("SECRETS_MANAGER_ENDPOINT", aws),
            ("AWS_ENDPOINT_URL_RDS", aws),
            ("DATABASE_CA_FILE", authority.as_str()),
        ];
        Self::start(&environment).await
    }

    /// Adds the function of this name, which is a binary of the package `functions`, built now if it is out of date, or
    /// one of those that `TESTBED_PACKAGE` names. Lambda would kill it `timeout` after it was given an event.
    pub async fn add(&self, binary: &str, environment: &[(&str, &str)], timeout: Duration) {
        self.add_program(binary, program(binary).await, environment, timeout);
    }

    /// Adds a function that runs any program.
    pub fn add_program(&self, name: &str, program: PathBuf, environment: &[(&str, &str)], timeout: Duration) {
        let environment = self.all.environment.iter().cloned().chain(owned(environment)).collect();
        let function = Arc::new(Function::new(name, program, environment, timeout));
        self.all.functions.lock().expect("no test panics here").insert(name.to_owned(), function);
    }

    /// The invoke address: `POST {url}/2015-03-31/functions/NAME/invocations`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Invokes a function and waits for its answer. As in Lambda, two invocations at once run in two processes.
    ///
    /// # Errors
    /// What the function answered, or what Lambda says of a process that ended or ran out of time.
    pub async fn invoke(&self, name: &str, event: &Value) -> Result<Value, FunctionError> {
        let function = self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added"));
        let answer = function.invoke(event.to_string().into(), |_| ()).await;
        answer.map_err(|error| FunctionError {
            error_type: text_of(&error, "errorType"),
            error_message: text_of(&error, "errorMessage"),
        })
    }

    /// All that the function has written to its standard output and standard error.
    #[must_use]
    pub fn output(&self, name: &str) -> String {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).output()
    }

    /// The processes of a function, when they all wait for their next event.
    pub async fn waiting(&self, name: &str) -> Vec<u32> {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).waiting().await
    }

    /// What each process of a function keeps, of those that wait for an event.
    #[must_use]
    pub fn memory(&self, name: &str) -> Vec<Memory> {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).memory()
    }

    /// Kills every process of a function, and returns when they are dead. Invocations in the air fail; the next one
    /// starts a new process.
    pub async fn kill(&self, name: &str) {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).kill().await;
    }

    /// Has every event told to `listener` before it is delivered. There can be one listener.
    pub fn tell(&self, listener: Arc<dyn Listener>) {
        self.all.listener.set(listener).expect("one listener");
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The program of the function of this name, see [`Functions::add`].
pub async fn program(binary: &str) -> PathBuf {
    match package() {
        Some(folder) => folder.join(binary).join("bootstrap"),
        None => binaries().await.join(binary),
    }
}

impl All {
    fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.lock().expect("no test panics here").get(name).cloned()
    }
}

async fn invocations(State(all): State<Arc<All>>, Path(name): Path<String>, event: Bytes) -> Response {
    let Some(function) = all.get(&name) else {
        let missing = json!({ "Type": "User", "Message": format!("Function not found: {name}") });
        return (StatusCode::NOT_FOUND, [("X-Amzn-ErrorType", "ResourceNotFoundException")], Json(missing))
            .into_response();
    };
    let tell = |event: &Bytes| {
        if let Some(listener) = all.listener.get() {
            listener.event(&serde_json::from_slice(event).unwrap_or_default());
        }
    };
    match function.invoke(event, tell).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => ([("X-Amz-Function-Error", "Unhandled")], Json(error)).into_response(),
    }
}

fn owned(environment: &[(&str, &str)]) -> Vec<(String, String)> {
    environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text_of(error: &Value, field: &str) -> String {
    error[field].as_str().unwrap_or_default().to_owned()
}
