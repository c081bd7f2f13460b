//! A secret, its server, and a function that rotates it, all in memory.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::account::Account;
use super::clock::FakeClock;
use super::server::{Engine, MemoryServer};
use super::store::MemoryStore;
use super::surroundings::MemorySurroundings;
use super::topology::MemoryTopology;
use crate::{
    DiagnosisEvent, Error, IdleUserSessions, OnIdleUserSessions, PasswordPolicy, PasswordsInUse, Progress,
    Promotion, Refusal, Report, Rotation, RotationEvent, SecretId, Stage, Step, Strategy, VersionId, Watched,
};

pub(crate) const APP_SECRET: &str = "app-secret";
pub(crate) const SUPERUSER_SECRET: &str = "superuser-secret";
/// The superuser, whose password is `ADMIN` too.
pub(crate) const ADMIN: &str = "admin";

/// All that one function acts on, and the function.
pub(crate) struct Environment {
    pub(crate) store: MemoryStore,
    pub(crate) server: MemoryServer,
    pub(crate) topology: Option<MemoryTopology>,
    pub(crate) clock: FakeClock,
    pub(crate) strategy: Strategy,
    pub(crate) promotion: Promotion,
    pub(crate) username_limit: Option<usize>,
    pub(crate) on_idle_user_sessions: OnIdleUserSessions,
    /// Of the event that ran last.
    pub(crate) sessions_of_idle_user: std::sync::Mutex<Option<u64>>,
    progress: Progress,
    passwords: PasswordsInUse,
}

impl Environment {
    /// A secret of the user `app` with the password `first`, and of the superuser; a minute is left.
    pub(crate) fn new(strategy: Strategy, engine: Engine) -> Self {
        let clock = FakeClock::with(Duration::from_secs(59));
        let (store, server) = (MemoryStore::new(clock.clone()), MemoryServer::new(engine, clock.clone()));
        server.change("app", |account| *account = Account::with("first"));
        server.change(ADMIN, |account| *account = Account { is_superuser: true, ..Account::with(ADMIN) });
        let topology = Some(MemoryTopology {
            arn: "arn:instance".into(),
            engine: "memory".into(),
            writer: MemoryServer::endpoint("db"),
            readers: vec![MemoryServer::endpoint("reader")],
        });
        let (progress, passwords) = (Progress::default(), PasswordsInUse::default());
        let environment = Self {
            store,
            server,
            topology,
            clock,
            strategy,
            promotion: Promotion::default(),
            username_limit: None,
            on_idle_user_sessions: OnIdleUserSessions::default(),
            sessions_of_idle_user: std::sync::Mutex::default(),
            progress,
            passwords,
        };
        let superuser = json!({"engine": "memory", "host": "db", "username": ADMIN, "password": ADMIN});
        environment.put(SUPERUSER_SECRET, "superuser-1", &superuser, &["AWSCURRENT"]);
        environment.put(APP_SECRET, "v1", &environment.secret("app", "first"), &["AWSCURRENT"]);
        environment
    }

    /// Two users of equal rights, `app` and `app_clone` with the password `idle`, and nowhere a superuser.
    pub(crate) fn without_superuser(engine: Engine) -> Self {
        let environment = Self::new(Strategy::AlternatingUsers, engine);
        environment.server.drop_account(ADMIN);
        environment.store.remove(SUPERUSER_SECRET);
        environment.server.change("app_clone", |account| *account = Account::with("idle"));
        environment.put(APP_SECRET, "v0", &environment.alone("app_clone", "idle"), &["AWSPREVIOUS"]);
        environment.put(APP_SECRET, "v1b", &environment.alone("app", "first"), &["AWSCURRENT"]);
        environment.store.change(APP_SECRET, |secret| secret.label("v0", "AWSPREVIOUS"));
        environment
    }

    /// A value of the secret without a superuser.
    pub(crate) fn alone(&self, user: &str, password: &str) -> Value {
        self.secret_with(user, password, json!({"masterarn": null}))
    }

    /// The same, but setSecret makes the version current.
    pub(crate) fn promoting_in_set_secret(self) -> Self {
        Self { promotion: Promotion::InSetSecret, ..self }
    }

    /// A value of the secret.
    pub(crate) fn secret(&self, user: &str, password: &str) -> Value {
        json!({"engine": "memory", "host": "db", "username": user, "password": password, "masterarn": SUPERUSER_SECRET})
    }

    /// The same with other fields; null removes one.
    pub(crate) fn secret_with(&self, user: &str, password: &str, fields: Value) -> Value {
        let mut secret = self.secret(user, password);
        let all = secret.as_object_mut().expect("a secret");
        for (name, value) in fields.as_object().expect("fields") {
            all.insert(name.clone(), value.clone());
        }
        all.retain(|_, value| !value.is_null());
        secret
    }

    pub(crate) fn put(&self, secret: &str, version: &str, value: &Value, labels: &[&str]) {
        self.put_text(secret, version, &value.to_string(), labels);
    }

    pub(crate) fn put_text(&self, secret: &str, version: &str, text: &str, labels: &[&str]) {
        self.store.change(secret, |secret| {
            secret.put(version, text);
            labels.iter().for_each(|label| secret.label(version, label));
        });
    }

    /// What Secrets Manager does before it calls createSecret.
    pub(crate) fn begin(&self, version: &str) {
        self.store.change(APP_SECRET, |secret| {
            secret.rotation_enabled = Some(true);
            secret.label(version, Stage::Pending.name());
        });
    }

    /// A rotation of which createSecret has run.
    pub(crate) fn created(self, version: &str) -> Self {
        self.begin(version);
        self.run(Step::CreateSecret, version).expect("createSecret");
        self
    }

    /// A rotation of which createSecret and setSecret have run.
    pub(crate) fn set(self, version: &str) -> Self {
        let environment = self.created(version);
        environment.run(Step::SetSecret, version).expect("setSecret");
        environment
    }

    pub(crate) fn run(&self, step: Step, version: &str) -> Result<(), Error> {
        block_on(self.step(step, version))
    }

    /// The refusal of a step.
    pub(crate) fn refused(&self, step: Step, version: &str) -> Refusal {
        match self.run(step, version) {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{step} is not refused but {other:?}"),
        }
    }

    /// Runs a step in which somebody else acts after so many polls: each call takes one before it has an effect.
    pub(crate) fn run_with(
        &self,
        step: Step,
        version: &str,
        polls: usize,
        act: impl FnOnce(&Self),
    ) -> Result<(), Error> {
        self.run_until(step, version, polls, act).expect("the step was not over too early")
    }

    /// The same; `None` if the step was over before.
    pub(crate) fn run_until(
        &self,
        step: Step,
        version: &str,
        polls: usize,
        act: impl FnOnce(&Self),
    ) -> Option<Result<(), Error>> {
        let mut step = pin!(self.step(step, version));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if step.as_mut().poll(&mut context).is_ready() {
                return None;
            }
        }
        act(self);
        Some(block_on(step))
    }

    /// Runs a step twice at once.
    pub(crate) fn run_twice_at_once(
        &self,
        step: Step,
        version: &str,
    ) -> (Result<(), Error>, Result<(), Error>) {
        block_on(async { tokio::join!(self.step(step, version), self.step(step, version)) })
    }

    pub(crate) fn rotate_all(&self, version: &str) {
        self.begin(version);
        for step in Step::ALL {
            self.run(step, version).unwrap_or_else(|error| panic!("{step}: {error:?}"));
        }
    }

    /// A diagnosis by the function whose ARN is `FUNCTION`, at this time after 1970.
    pub(crate) fn diagnose(&self, now: Duration) -> Report {
        let surroundings = MemorySurroundings { now: SystemTime::UNIX_EPOCH + now };
        let event = DiagnosisEvent { secret_id: SecretId(APP_SECRET.into()) };
        let (policy, count) = (PasswordPolicy::default(), IdleUserSessions::default());
        block_on(crate::diagnose(&self.rotation(&policy, &count), &surroundings, &event))
    }

    /// A watch by the same function, at this time after 1970.
    pub(crate) fn watch(&self, now: Duration) -> Watched {
        let surroundings = MemorySurroundings { now: SystemTime::UNIX_EPOCH + now };
        block_on(crate::watch(&self.store, &self.clock, &surroundings, &self.progress))
    }

    fn rotation<'a>(&'a self, policy: &'a PasswordPolicy, count: &'a IdleUserSessions) -> Rotation<'a> {
        let topology = self.topology.as_ref();
        Rotation {
            store: &self.store,
            database: &self.server,
            topology: topology.map(|topology| topology as _),
            clock: &self.clock,
            strategy: self.strategy,
            promotion: self.promotion,
            policy,
            username_limit: self.username_limit,
            on_idle_user_sessions: self.on_idle_user_sessions,
            sessions_of_idle_user: count,
            progress: &self.progress,
            passwords: &self.passwords,
        }
    }

    async fn step(&self, step: Step, version: &str) -> Result<(), Error> {
        let (policy, count) = (PasswordPolicy::default(), IdleUserSessions::default());
        let rotation = self.rotation(&policy, &count);
        let (secret_id, version_id) = (SecretId(APP_SECRET.into()), VersionId(version.into()));
        let event = RotationEvent { step, secret_id, version_id, rotation_token: None };
        let result = crate::rotate(&rotation, &event).await;
        *self.sessions_of_idle_user.lock().expect("no holder panics") = count.count();
        result
    }

    /// The user and the password of the version with a label.
    pub(crate) fn stored(&self, stage: Stage) -> (String, String) {
        let text = self.store.change(APP_SECRET, |secret| secret.value(stage).map(String::from));
        let value: Value = serde_json::from_str(&text.expect("a value")).expect("JSON");
        let field = |name: &str| value[name].as_str().expect("a string").to_owned();
        (field("username"), field("password"))
    }

    pub(crate) fn current_version(&self) -> String {
        self.store.change(APP_SECRET, |secret| secret.current().expect("a current version").to_owned())
    }

    /// Whether the version with a label signs in.
    pub(crate) fn signs_in(&self, stage: Stage) -> bool {
        let (user, password) = self.stored(stage);
        self.server.account(&user).is_some_and(|account| account.has(&password) && !account.is_locked)
    }
}

/// Polls until it is done: in memory, everything that waits is ready to go on.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
