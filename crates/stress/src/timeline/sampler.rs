//! Loops that look at a secret and sign in while it is rotated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use serde_json::Value;
use testbed::{Credentials, Server, credentials};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::recording::{Label, Outcome};

/// The pause between two sign-ins of a loop, so that the machine has time for the function.
const PAUSE: Duration = Duration::from_millis(12);
/// The pause between two looks at the labels.
const GLANCE: Duration = Duration::from_millis(3);

/// Which loop a sample is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// The application.
    Application,
    /// The version of this id.
    Version(String),
}

/// A sign-in.
pub(super) struct Sample {
    pub(super) source: Source,
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) outcome: Outcome,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) samples: Vec<Sample>,
    /// Each change of a version's label, with its time.
    pub(super) labels: Vec<(Instant, String, Label)>,
    /// The users of versions that have a value.
    pub(super) users: HashMap<String, String>,
}

impl Seen {
    /// When the application and each version that has a value had a sign-in that began after this time. `None` if one has
    /// not.
    pub(super) fn all_after(&self, time: Instant) -> Option<Instant> {
        let versions = self.users.keys().map(|version| Source::Version(version.clone()));
        let ends = [Source::Application].into_iter().chain(versions).map(|source| {
            let mut samples = self.samples.iter().filter(|sample| sample.source == source);
            samples.find(|sample| sample.from > time).map(|sample| sample.to)
        });
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// The loops of one secret. They stop when this value is dropped.
pub(super) struct Sampler {
    seen: Arc<Mutex<Seen>>,
    sampled: watch::Receiver<()>,
    _loops: JoinSet<()>,
}

struct Secret<S> {
    server: Arc<S>,
    client: Client,
    arn: String,
    database: String,
    seen: Arc<Mutex<Seen>>,
    sampled: watch::Sender<()>,
}

impl Sampler {
    /// Starts the loops. `client` reaches the Secrets Manager without a delay.
    pub(super) fn start<S: Server + 'static>(
        server: &Arc<S>,
        client: &Client,
        arn: &str,
        database: &str,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (sender, sampled) = watch::channel(());
        let secret = Arc::new(Secret {
            server: Arc::clone(server),
            client: client.clone(),
            arn: arn.to_owned(),
            database: database.to_owned(),
            seen: Arc::clone(&seen),
            sampled: sender,
        });
        let mut loops = JoinSet::new();
        loops.spawn(look_at_versions(Arc::clone(&secret)));
        loops.spawn(run_application(secret));
        Self { seen, sampled, _loops: loops }
    }

    /// Returns when the application and each version that has a value have a sign-in that began after this time.
    pub(super) async fn until(&mut self, time: Instant) {
        let seen = Arc::clone(&self.seen);
        let is_reached = move |_: &()| seen.lock().expect("no holder panics").all_after(time).is_some();
        self.sampled.wait_for(is_reached).await.expect("the loops run");
    }

    /// Stops the loops, and returns what they have seen.
    pub(super) fn stop(self) -> Seen {
        std::mem::take(&mut *self.seen.lock().expect("no holder panics"))
    }
}

impl<S: Server> Secret<S> {
    async fn sign_in(&self, source: Source, from: Instant, with: &Credentials) {
        let is_accepted = self.server.signs_in(with, &self.database).await;
        let outcome = if is_accepted { Outcome::Accepted } else { Outcome::Rejected };
        let sample = Sample { source, from, to: Instant::now(), outcome };
        self.seen.lock().expect("no holder panics").samples.push(sample);
        self.sampled.send_replace(());
    }
}

/// Reads AWSCURRENT before each sign-in.
async fn run_application<S: Server>(secret: Arc<Secret<S>>) {
    loop {
        let from = Instant::now();
        let current =
            credentials(&secret.client, &secret.arn, "AWSCURRENT").await.expect("a current version");
        secret.sign_in(Source::Application, from, &current).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Signs in with one version's credentials.
async fn sign_in_with<S: Server>(secret: Arc<Secret<S>>, version: String, credentials: Credentials) {
    loop {
        secret.sign_in(Source::Version(version.clone()), Instant::now(), &credentials).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Notes each change of a label, and starts the sign-ins of each version that has a value.
async fn look_at_versions<S: Server + 'static>(secret: Arc<Secret<S>>) {
    // Dropped with this task, and each loop with it.
    let mut loops = JoinSet::new();
    let mut held = HashMap::new();
    loop {
        let list = secret.client.list_secret_version_ids().secret_id(&secret.arn).include_deprecated(true);
        let list = list.send().await.expect("ListSecretVersionIds is accepted");
        let now = Instant::now();
        for version in list.versions() {
            let Some(id) = version.version_id() else { continue };
            let label = Label::of(version.version_stages());
            if held.insert(id.to_owned(), label) != Some(label) {
                secret.seen.lock().expect("no holder panics").labels.push((now, id.to_owned(), label));
            }
        }
        for id in held.keys() {
            let is_known = secret.seen.lock().expect("no holder panics").users.contains_key(id);
            if !is_known && let Some(credentials) = value(&secret, id).await {
                let user = credentials.user.clone();
                secret.seen.lock().expect("no holder panics").users.insert(id.clone(), user);
                loops.spawn(sign_in_with(Arc::clone(&secret), id.clone(), credentials));
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// A version's user and password. `None` if it has no value yet.
async fn value<S>(secret: &Secret<S>, version: &str) -> Option<Credentials> {
    let call = secret.client.get_secret_value().secret_id(&secret.arn).version_id(version);
    let value: Value = serde_json::from_str(call.send().await.ok()?.secret_string()?).ok()?;
    let text = |field: &str| value[field].as_str().map(str::to_owned);
    Some(Credentials { user: text("username")?, password: text("password")? })
}
