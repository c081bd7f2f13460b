//! A database server in memory, with replicas.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::account::Account;
use super::clock::FakeClock;
use crate::ports::{ClientSessions, Sessions};
use crate::{CallError, Cause, Endpoint, Username};

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// A user sees other accounts, and owns objects; a membership shows who made a clone.
    Postgres,
    /// A user sees its own account only, and may have two passwords; a superuser reads what is stored of a password.
    MySql,
}

/// How a server does not respond as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// It says that it accepts no connections yet.
    Starting,
    /// It takes connections and says nothing.
    Silent,
    /// Nothing comes back.
    Unreachable,
    /// Its certificate is not trusted.
    Untrusted,
}

/// A server; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct MemoryServer {
    pub(super) engine: Engine,
    pub(super) clock: FakeClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    /// What the accounts were, and until when.
    history: Vec<(Duration, BTreeMap<String, Account>)>,
    /// The hosts of replicas, and how far they lag.
    replicas: BTreeMap<String, Duration>,
    unavailable: Option<(Unavailable, Duration)>,
    /// How many sessions applications have open as a user.
    sessions: BTreeMap<String, u64>,
    hides_sessions: bool,
}

impl MemoryServer {
    pub(super) fn new(engine: Engine, clock: FakeClock) -> Self {
        Self { engine, clock, state: Arc::default() }
    }

    pub(crate) fn endpoint(host: &str) -> Endpoint {
        Endpoint { host: host.into(), port: 5432 }
    }

    pub(crate) fn add_replica(&self, host: &str, lag: Duration) {
        self.state().replicas.insert(host.into(), lag);
    }

    /// For so long from now.
    pub(crate) fn becomes(&self, what: Unavailable, how_long: Duration) {
        let until = self.clock.now() + how_long;
        self.state().unavailable = Some((what, until));
    }

    pub(crate) fn account(&self, user: &str) -> Option<Account> {
        self.state().accounts.get(user).cloned()
    }

    /// Changes an account, which is made if there is none.
    pub(crate) fn change<T>(&self, user: &str, change: impl FnOnce(&mut Account) -> T) -> T {
        let now = self.clock.now();
        let mut state = self.state();
        let before = state.accounts.clone();
        state.history.push((now, before));
        change(state.accounts.entry(user.into()).or_default())
    }

    pub(crate) fn drop_account(&self, user: &str) {
        self.state().accounts.remove(user);
    }

    /// Applications have so many sessions open as `user`.
    pub(crate) fn has_sessions(&self, user: &str, count: u64) {
        self.state().sessions.insert(user.into(), count);
    }

    /// From now on nobody may see sessions.
    pub(crate) fn hides_sessions(&self) {
        self.state().hides_sessions = true;
    }

    pub(super) fn sessions_of(&self, user: &Username) -> Result<Sessions, CallError> {
        let state = self.state();
        if state.hides_sessions {
            return Err(CallError::failed(Cause::MissingPrivilege, "nobody may see sessions"));
        }
        let count = state.sessions.get(&user.0).copied().unwrap_or_default();
        let client = ClientSessions { count, address: Some("client".into()), application: None, since: None };
        Ok(Sessions { count, clients: if count == 0 { Vec::new() } else { vec![client] } })
    }

    pub(super) fn is_replica(&self, host: &str) -> bool {
        self.state().replicas.contains_key(host)
    }

    /// The account that a host shows; a replica shows what was so long ago.
    pub(super) fn seen_at(&self, host: &str, user: &str) -> Option<Account> {
        let state = self.state();
        let lag = state.replicas.get(host).copied().unwrap_or_default();
        let shows = self.clock.now().saturating_sub(lag);
        let is_later = |(until, _): &&(Duration, _)| lag > Duration::ZERO && shows < *until;
        let accounts = state.history.iter().find(is_later).map_or(&state.accounts, |(_, accounts)| accounts);
        accounts.get(user).cloned()
    }

    /// What a new connection meets.
    pub(super) async fn connect(&self, endpoint: &Endpoint) -> Result<(), CallError> {
        let failed = |cause| Err(CallError::failed(cause, format!("{endpoint} is away")));
        if *endpoint != Self::endpoint("db") && !self.is_replica(&endpoint.host) {
            return failed(Cause::Unreachable);
        }
        let unavailable = self.state().unavailable;
        match unavailable.filter(|(_, until)| self.clock.now() < *until) {
            None => Ok(()),
            Some((Unavailable::Starting, _)) => failed(Cause::ServerUnavailable),
            Some((Unavailable::Unreachable, _)) => failed(Cause::Unreachable),
            Some((Unavailable::Untrusted, _)) => failed(Cause::TlsUnknownAuthority),
            Some((Unavailable::Silent, _)) => std::future::pending().await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the server")
    }
}
