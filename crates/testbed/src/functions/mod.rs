//! The real Lambda binaries under local-aws's host, which runs them as Lambda does, behind one invoke address.

mod built;

pub use built::binaries;
use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Bytes;
pub use local_aws::host::Memory;
use local_aws::host::{self, Configuration, Function, Invoke, InvokeAddress, MemorySize, Program};
use serde_json::Value;

use crate::Server;
use crate::environment::package;
use crate::secrets_manager::FUNCTIONS_KEY;

/// What functions are told that they have, as in template.yaml. The tests measure memory themselves.
const MEMORY: MemorySize = MemorySize::Unlimited(128);

/// Where functions are unless a test says otherwise.
const REGION: &str = "us-east-1";

/// Several functions behind one invoke address. They stop when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct Functions {
    all: Arc<All>,
    address: InvokeAddress,
}

#[derive(Debug)]
struct All {
    environment: Vec<(String, String)>,
    functions: Mutex<HashMap<String, Arc<Function>>>,
    listener: OnceLock<Arc<dyn EventListener>>,
}

/// Is called with events.
pub trait EventListener: fmt::Debug + Send + Sync {
    /// This event is about to be delivered.
    fn event(&self, event: &Value);
}

/// Why an invocation failed, as the response's body of the Lambda API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// A type of Lambda, such as `Sandbox.Timedout`, or of the function.
    pub error_type: String,
    /// The message of the function or of Lambda.
    pub error_message: String,
}

impl Functions {
    /// An invoke address without functions. Every function gets these variables besides those that Lambda sets.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let environment = owned(environment);
        let all = Arc::new(All { environment, functions: Mutex::default(), listener: OnceLock::new() });
        let address = InvokeAddress::start(Arc::clone(&all)).await.expect("a free port");
        Self { all, address }
    }

    /// Like [`Self::start`], for functions that reach AWS at `aws` and trust this server's authority.
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
        self.add_program_in(REGION, name, program, environment, timeout);
    }

    /// Adds a function of another region, in place of one of the same name.
    pub fn add_program_in(
        &self,
        region: &str,
        name: &str,
        program: PathBuf,
        environment: &[(&str, &str)],
        timeout: Duration,
    ) {
        assert!(program.is_file(), "no program {}", program.display());
        let environment = self.all.environment.iter().cloned().chain(owned(environment)).collect();
        let region = region.to_owned();
        let configuration = Configuration { region, timeout, environment, ..configuration(name) };
        let function = Function::new(Program::executable(program), configuration).expect("a temporary file");
        self.all.functions.lock().expect("no holder panics").insert(name.to_owned(), Arc::new(function));
    }

    /// The invoke address: `POST {url}/2015-03-31/functions/NAME/invocations`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.address.url()
    }

    /// Invokes a function and waits for its response. As in Lambda, concurrent invocations run in two processes.
    ///
    /// # Errors
    /// The function's error, or Lambda's for a process that ended or timed out.
    pub async fn invoke(&self, name: &str, event: &Value) -> Result<Value, FunctionError> {
        let function = self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added"));
        let result = function.invoke(event.to_string().into(), |_| ()).await;
        result.map_err(|error| FunctionError {
            error_type: text_of(&error, "errorType"),
            error_message: text_of(&error, "errorMessage"),
        })
    }

    /// All that the function has written to its standard output and standard error.
    #[must_use]
    pub fn output(&self, name: &str) -> String {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).output_from(0)
    }

    /// The processes of a function, when they all wait for their next event.
    pub async fn waiting(&self, name: &str) -> Vec<u32> {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).waiting().await
    }

    /// The memory of each process of a function that waits for an event.
    #[must_use]
    pub fn memory(&self, name: &str) -> Vec<Memory> {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).memory()
    }

    /// Kills every process of a function, and returns when they are dead. Their invocations fail; the next one starts a new
    /// process.
    pub async fn kill(&self, name: &str) {
        self.all.get(name).unwrap_or_else(|| panic!("no function {name} was added")).kill().await;
    }

    /// Calls `listener` with every event before it is delivered. There can be one listener.
    pub fn set_listener(&self, listener: Arc<dyn EventListener>) {
        self.all.listener.set(listener).expect("one listener");
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
        self.functions.lock().expect("no holder panics").get(name).cloned()
    }
}

#[async_trait]
impl Invoke for All {
    async fn invoke(&self, name: &str, event: Bytes) -> Option<Result<Value, Value>> {
        let function = self.get(name)?;
        let tell = |event: &Bytes| {
            if let Some(listener) = self.listener.get() {
                listener.event(&serde_json::from_slice(event).unwrap_or_default());
            }
        };
        Some(function.invoke(event, tell).await)
    }
}

/// The variables that Lambda sets for this function. Only the local-aws of this process accepts the access key.
#[must_use]
pub fn set_by_lambda(name: &str, program: &Path) -> Vec<(String, String)> {
    host::set_by_lambda(&Program::executable(program.to_owned()), &configuration(name))
}

fn configuration(name: &str) -> Configuration {
    Configuration {
        name: name.to_owned(),
        region: REGION.to_owned(),
        account: "123456789012".to_owned(),
        memory: MEMORY,
        timeout: Duration::ZERO,
        access_key: FUNCTIONS_KEY.clone(),
        environment: Vec::new(),
    }
}

fn owned(environment: &[(&str, &str)]) -> Vec<(String, String)> {
    environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text_of(error: &Value, field: &str) -> String {
    error[field].as_str().unwrap_or_default().to_owned()
}
