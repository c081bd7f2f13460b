use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::calls::{Call, CallLog, Caller};
use crate::clock::Clock;
use crate::events::EventLog;
use crate::failures::{Failure, Failures};
use crate::lock::lock;
use crate::options::{EventOutput, Options};
use crate::rds::{DbCluster, DbInstance, Registry};
use crate::rotation::{Rotation, Rotations, Schedules, client, run_schedules};
use crate::secrets::{Account, Region, Value, VersionFilter};
use crate::service::{Service, Settings};
use crate::start_error::StartError;
use crate::state::{Opened, StateFile};
use crate::throttle::Throttle;
use crate::{AccessKey, ReplicationOptions};

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

    /// Lets replicas follow in another way from the next request on. A region that has failed is tried again at the next change of
    /// the secret, or when it is replicated there again.
    pub fn set_replication(&self, options: ReplicationOptions) {
        *lock(&self.service.settings.replication) = options;
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
        clock: Clock::new(options.hour_in_seconds).behind(options.behind),
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
            replication: Mutex::new(options.replication),
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
