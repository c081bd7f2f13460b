use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::calls::{Call, CallLog, Caller};
use crate::clock::Clock;
use crate::events::EventLog;
use crate::failures::{Failure, Failures};
use crate::lock::lock;
use crate::rds::{DbCluster, DbInstance, Registry};
use crate::rotation::{Rotation, Rotations, Schedules, client, run_schedules};
use crate::secrets::{Account, DEFAULT_ACCOUNT, Region, Value, VersionFilter};
use crate::service::{Service, Settings};
use crate::state::{Opened, StateError, StateFile};
use crate::throttle::Throttle;
use crate::{AccessKey, ReplicationOptions};

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; loopback only. Port 0 (the default) means any free port.
    pub address: SocketAddr,
    /// The keys of which a request must carry one; several distinguish callers. If there is none (the default), the
    /// server makes a random key, which [`LocalAws::access_key`] returns.
    pub access_keys: Vec<AccessKey>,
    /// Keys that only rotation functions have; they are accepted as well. By them the server tells a function's
    /// `PutSecretValue` from a person's, as AWS does by the caller's role. If there is none (the default), a pending value
    /// counts as the function's no matter who put it.
    pub function_keys: Vec<AccessKey>,
    /// The account in every ARN (123456789012 unless set): twelve digits.
    pub account: String,
    /// The names of the functions that exist: `RotateSecret` refuses any other. With `None` (the default) every name may
    /// exist, as under `cargo lambda watch`, which builds a function when it is first called; `RotateSecret` then refuses
    /// if nothing accepts connections at `lambda_url`.
    pub functions: Option<Vec<String>>,
    /// Keys of KMS, as a secret's `KmsKeyId` names them, that encrypt and decrypt nothing. `alias/aws/secretsmanager`
    /// stands for secrets that name none.
    pub failing_keys: Vec<String>,
    /// How replicas of secrets follow.
    pub replication: ReplicationOptions,
    /// Where functions are called: the URL before `/2015-03-31/functions/NAME/invocations`.
    pub lambda_url: Option<String>,
    /// How many calls of `PutSecretValue` and `UpdateSecretVersionStage` together are admitted per second; `None` for no
    /// limit. AWS admits [`WRITES_PER_SECOND`](crate::WRITES_PER_SECOND).
    pub writes_per_second: Option<u32>,
    /// How long every call of AWS's APIs waits before it is processed (0 unless set).
    pub latency: Duration,
    /// How many times a rotation is attempted in all; 0 means 1 (5 unless set). AWS does not publish how often it does (user
    /// guide, "Rotation by Lambda function": "multiple times"), so this is a setting.
    pub attempts: u32,
    /// The pause between two attempts (1 s unless set). AWS does not publish this either.
    pub pause: Duration,
    /// How long one call of the function may take (60 s unless set).
    pub invoke_timeout: Duration,
    /// In how many seconds an hour passes on the server's clock, 1 to 3,600 (3,600 unless set, as everywhere). All dates,
    /// recovery windows and schedules are of that clock.
    pub hour_in_seconds: u32,
    /// Where events are written to as they happen, besides [`LocalAws::events`]; nowhere unless set.
    pub events: Option<EventOutput>,
    /// The file that keeps secrets between runs, **with their values in clear**. It is created if it does not exist. With
    /// `None` (the default) nothing is written to disk.
    pub state: Option<PathBuf>,
}

/// Where events are written to, one JSON object a line. If its reader falls behind by 10,000 events, it misses some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutput {
    /// The end of this file; it is created if there is none.
    File(PathBuf),
    /// Standard output.
    StandardOutput,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            access_keys: Vec::new(),
            function_keys: Vec::new(),
            account: DEFAULT_ACCOUNT.to_owned(),
            functions: None,
            failing_keys: Vec::new(),
            replication: ReplicationOptions::default(),
            lambda_url: None,
            writes_per_second: None,
            latency: Duration::ZERO,
            attempts: 5,
            pause: Duration::from_secs(1),
            invoke_timeout: Duration::from_secs(60),
            hour_in_seconds: 3_600,
            events: None,
            state: None,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Requests carry access keys and values in cleartext, so other machines must not reach the server.
    #[error("cannot listen on {0}, which is not a loopback address: choose one, such as 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// Functions are called over plain HTTP.
    #[error(
        "cannot call functions at {0:?}, which is not an http URL: give one, such as http://127.0.0.1:9000"
    )]
    LambdaUrl(String),
    /// An account's id has twelve digits.
    #[error("{0:?} is not the id of an account: give one of twelve digits, such as 123456789012")]
    Account(String),
    /// Most likely its folder does not exist, or is not writable.
    #[error("cannot write events to {path:?}: choose a file that can be written")]
    Events {
        /// The path asked for.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The file of [`Options::state`] is refused.
    #[error(transparent)]
    State(#[from] StateError),
    /// Most likely another program listens there.
    #[error("cannot listen on {address}: choose another port, or end the program that has this one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
}

/// A running server. It keeps its state in memory, and in a file if [`Options::state`] is set. Dropping it stops it, and the rotations under way.
pub struct LocalAws {
    address: SocketAddr,
    service: Arc<Service>,
    server: JoinHandle<std::convert::Infallible>,
}

impl std::fmt::Debug for LocalAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalAws").field("address", &self.address).finish_non_exhaustive()
    }
}

impl LocalAws {
    /// Starts a server on the present tokio runtime; it is ready when this returns.
    ///
    /// # Errors
    /// If the address is not a loopback address or is in use, the URL of functions is not an `http` URL, the file of events
    /// cannot be written, or the state file is refused.
    pub async fn start(options: Options) -> Result<LocalAws, StartError> {
        let address = options.address;
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        if let Some(url) = options.lambda_url.as_deref().filter(|url| !is_http(url)) {
            return Err(StartError::LambdaUrl(url.to_owned()));
        }
        if options.account.len() != 12 || !options.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(StartError::Account(options.account));
        }
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let events = options.events.clone().map(open).transpose()?;
        let opened = match &options.state {
            Some(path) => Some(StateFile::open(path, &options.account)?),
            None => None,
        };
        let mut service = new_service(options);
        if let Some(Opened { state, saved }) = opened {
            service.state = Some(state);
            if let Some((mut account, ahead_seconds)) = saved {
                account.end_tests();
                service.account = Mutex::new(account);
                service.clock.set_ahead_seconds(ahead_seconds);
            }
        }
        let service = Arc::new(service);
        if let Some(events) = events {
            service.events.write_to(events);
        }
        lock(&service.tasks).spawn(run_schedules(Arc::clone(&service)));
        let server = tokio::spawn(crate::http::serve(listener, Arc::clone(&service)));
        Ok(LocalAws { address, service, server })
    }

    /// The server's URL, for `--endpoint-url` and the SDKs: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port of that address.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The access key that clients sign with; the first if there are several.
    pub fn access_key(&self) -> &AccessKey {
        // `new_service` makes one if none is given.
        &self.service.settings.access_keys[0]
    }

    /// The key for rotation functions; the same as [`access_key`](Self::access_key) if there are none of their own.
    pub fn function_key(&self) -> &AccessKey {
        self.service.settings.function_keys.first().unwrap_or_else(|| self.access_key())
    }

    /// Calls functions there from now on; with a URL that is not `http`, every step fails as unreachable.
    pub fn set_lambda_url(&self, url: &str) {
        *lock(&self.service.lambda_url) = Some(url.to_owned());
    }

    /// The newest 100,000 calls, in the order of their responses.
    pub fn calls(&self) -> Vec<Call> {
        self.service.calls.all()
    }

    /// The first 100,000 callers since the start, including those of calls that [`clear_calls`](Self::clear_calls) has
    /// removed.
    pub fn callers(&self) -> BTreeSet<Caller> {
        self.service.calls.callers()
    }

    /// The newest 10,000 events that `EventBridge` would have got, in their order.
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.service.events.all()
    }

    /// Lets time pass at once on the server's clock, in whole seconds; up to 1,000 years in all. Recovery windows end and
    /// rotations become due as if one had waited.
    pub fn advance_clock(&self, by: Duration) {
        self.service.advance_clock(by);
    }

    /// Clears the log of calls.
    pub fn clear_calls(&self) {
        self.service.calls.clear();
    }

    /// The text of every version of every secret, with and without a label. Only this process can read them all.
    pub fn values(&self) -> Vec<String> {
        let account = lock(&self.service.account);
        let versions = account.all().flat_map(|secret| secret.versions.list(VersionFilter::All));
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            Value::Binary(_) => None,
        };
        versions.filter_map(|version| version.value.as_ref().and_then(text)).collect()
    }

    /// Waits until the rotation of this version has ended, with all its attempts. The secret is given by its ARN, or by its
    /// name in us-east-1. For a rotation that never began, returns at once one without attempts that has not succeeded.
    pub async fn rotated(&self, secret_id: &str, version_id: &str) -> Rotation {
        let arn = match lock(&self.service.account).find(secret_id) {
            Ok(secret) => secret.arn.clone(),
            Err(_) => secret_id.to_owned(),
        };
        self.service.rotations.ended(&arn, version_id).await
    }

    /// Sets a tag whose key the API refuses because AWS reserves it, such as `aws:rds:primaryDBInstanceArn`, on a secret in
    /// us-east-1. Returns false if there is no such secret.
    pub fn set_reserved_tag(&self, secret_id: &str, key: &str, value: &str) -> bool {
        let tag = (key.to_owned(), value.to_owned());
        crate::operations::set_reserved_tags(&self.service, &Region::default(), secret_id, &[tag]).is_ok()
    }

    /// Adds an instance to those that `DescribeDBInstances` shows in us-east-1; replaces one with the same identifier.
    /// Returns its ARN.
    pub fn register_instance(&self, instance: DbInstance) -> String {
        lock(&self.service.servers).region(&Region::default()).add_instance(instance)
    }

    /// Adds a cluster to those that `DescribeDBClusters` shows in us-east-1; replaces one with the same identifier. Returns
    /// its ARN.
    pub fn register_cluster(&self, cluster: DbCluster) -> String {
        lock(&self.service.servers).region(&Region::default()).add_cluster(cluster)
    }

    /// Plans a failure of one call.
    pub fn fail(&self, plan: Failure) {
        self.service.failures.add(plan);
    }

    /// Cancels the planned failures that have not happened yet.
    pub fn clear_failures(&self) {
        self.service.failures.clear();
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        self.server.abort();
        lock(&self.service.tasks).abort_all();
        crate::saving::close(&self.service);
    }
}

pub(crate) fn new_service(options: Options) -> Service {
    let mut access_keys = options.access_keys;
    if access_keys.is_empty() {
        access_keys.push(AccessKey::random());
    }
    Service {
        account: Mutex::new(Account::new(options.account.clone())),
        clock: Clock::new(options.hour_in_seconds),
        state: None,
        servers: Mutex::new(Registry::new(options.account.clone())),
        calls: CallLog::default(),
        events: EventLog::default(),
        failures: Failures::default(),
        throttle: options.writes_per_second.map(|writes| Mutex::new(Throttle::new(writes, Instant::now()))),
        rotations: Rotations::default(),
        schedules: Schedules::default(),
        lambda_url: Mutex::new(options.lambda_url),
        client: client(),
        settings: Settings {
            access_keys,
            function_keys: options.function_keys,
            functions: options.functions,
            failing_keys: options.failing_keys,
            replication: options.replication,
            latency: options.latency,
            attempts: options.attempts,
            pause: options.pause,
            invoke_timeout: options.invoke_timeout,
        },
        tasks: Mutex::new(JoinSet::new()),
    }
}

fn open(output: EventOutput) -> Result<Box<dyn Write + Send>, StartError> {
    match output {
        EventOutput::StandardOutput => Ok(Box::new(std::io::stdout())),
        EventOutput::File(path) => match File::options().append(true).create(true).open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(source) => Err(StartError::Events { path, source }),
        },
    }
}

fn is_http(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.scheme() == "http" && url.has_host())
}
