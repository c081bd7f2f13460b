//! A process that stops at a chosen call to Secrets Manager or a database, before or after its effect.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Comparison, Database, Evidence, Move, OtherSession, OwnedObjects, Page,
    PairComparison, PairView, ProofOfOtherUser, Put, Reached, SecretStore, ServerState, Sessions, SignIn,
    SuperuserSession, UserSession, Verification, Wanted,
};
use rotation::{
    Alternation, CallError, OldPassword, Password, Refusal, RotationToken, SecretId, SecretText, Server,
    SetBy, Stage, Username, VersionId, Versions,
};

use crate::hooks::{Hooks, NoHooks, RestrictedPasswordCommands};

/// When the process stops, relative to the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The call is never made.
    Before,
    /// The call takes effect, and its response is lost.
    After,
}

/// Counts calls, and stops at one: from there on nothing returns, and the caller drops the step.
#[derive(Clone)]
pub struct Crash {
    at: usize,
    moment: Moment,
    hooks: Arc<dyn Hooks>,
    calls: Arc<AtomicUsize>,
    stopped: Arc<tokio::sync::Notify>,
}

impl Crash {
    /// Stops at the call number `at`, counted from 1.
    #[must_use]
    pub fn at(at: usize, moment: Moment) -> Self {
        Self { at, moment, hooks: Arc::new(NoHooks), calls: Arc::default(), stopped: Arc::default() }
    }

    /// Never stops.
    #[must_use]
    pub fn never() -> Self {
        Self::at(usize::MAX, Moment::Before)
    }

    /// Never stops, but the server lets no user change its own password, as RDS does under
    /// `rds.restrict_password_commands`.
    #[must_use]
    pub fn restricting_password_commands() -> Self {
        Self::never().with(RestrictedPasswordCommands)
    }

    /// The same calls, and stops at the same one, with these hooks.
    #[must_use]
    pub fn with(self, hooks: impl Hooks + 'static) -> Self {
        Self { hooks: Arc::new(hooks), ..self }
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Runs a step until it ends, or `None` if the process stops.
    pub async fn until<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = step => Some(result),
            () = self.stopped.notified() => None,
        }
    }

    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let chosen = self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.at;
        if chosen && self.moment == Moment::Before {
            self.stop().await;
        }
        let result = call.await;
        if chosen {
            self.stop().await;
        }
        result
    }

    async fn stop(&self) {
        self.stopped.notify_one();
        std::future::pending::<()>().await;
    }
}

impl fmt::Debug for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crash").field("at", &self.at).field("moment", &self.moment).finish_non_exhaustive()
    }
}

/// A port through which the process may stop.
#[expect(missing_debug_implementations, reason = "the ports are traits without Debug")]
pub struct Crashing<'a, T: ?Sized> {
    /// The real adapter.
    pub adapter: &'a T,
    /// When to stop.
    pub crash: Crash,
}

#[async_trait]
impl SecretStore for Crashing<'_, dyn SecretStore> {
    fn host(&self) -> Option<String> {
        self.adapter.host()
    }

    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        Ok(self.crash.hooks.versions(self.crash.call(self.adapter.describe(secret)).await?))
    }

    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        self.crash.call(self.adapter.value(secret, wanted)).await
    }

    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        token: Option<&RotationToken>,
    ) -> Result<Put, CallError> {
        self.crash.call(self.adapter.put_pending(secret, version, text, token)).await
    }

    async fn list(&self, page: Option<&str>) -> Result<Page, CallError> {
        self.crash.call(self.adapter.list(page)).await
    }

    async fn created(&self, secret: &SecretId, version: &VersionId) -> Result<Option<SystemTime>, CallError> {
        self.crash.call(self.adapter.created(secret, version)).await
    }

    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError> {
        self.crash.call(self.adapter.unlabelled(secret)).await
    }

    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError> {
        self.crash.call(self.adapter.move_current(secret, from, to)).await
    }
}

#[async_trait]
impl Database for Crashing<'_, dyn Database> {
    fn engines(&self) -> &'static [&'static str] {
        self.adapter.engines()
    }

    fn default_port(&self) -> u16 {
        self.adapter.default_port()
    }

    fn username_error(&self, user: &Username, engine: &str) -> Option<&'static str> {
        self.adapter.username_error(user, engine)
    }

    fn opens_one_database(&self) -> bool {
        self.adapter.opens_one_database()
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        self.adapter.proof_of_other_user()
    }

    fn manual_remedy(&self, user: &Username, stage: Stage) -> String {
        self.adapter.manual_remedy(user, stage)
    }

    fn creation_of_clone(&self, alternation: &Alternation) -> String {
        self.adapter.creation_of_clone(alternation)
    }

    async fn reach(&self, server: &Server) -> Result<Reached, CallError> {
        self.crash.call(self.adapter.reach(server)).await
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let response = self.crash.call(self.adapter.sign_in(server, user, password)).await?;
        Ok(response.map::<dyn UserSession>(|session| CrashingSession::new(session, &self.crash)))
    }

    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        let response = self.crash.call(self.adapter.sign_in_superuser(server, user, password)).await?;
        Ok(response.map::<dyn SuperuserSession>(|session| CrashingSession::new(session, &self.crash)))
    }
}

/// A session, or what one has found, through which the process may stop.
struct CrashingSession<T: ?Sized> {
    session: Box<T>,
    crash: Crash,
}

impl<T: ?Sized> CrashingSession<T> {
    fn new(session: Box<T>, crash: &Crash) -> Box<Self> {
        Box::new(Self { session, crash: crash.clone() })
    }
}

#[async_trait]
impl UserSession for CrashingSession<dyn UserSession> {
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        let changed = self.crash.hooks.change_own_password(&mut *self.session, user, (used, next), old);
        self.crash.call(changed).await
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.crash.call(self.session.finish_own_change(old)).await
    }

    async fn elsewhere(&mut self, password: &Password) -> Result<Option<String>, CallError> {
        self.crash.call(self.session.elsewhere(password)).await
    }

    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError> {
        let mut view = self.crash.call(self.session.view_pair(alternation, secret)).await?;
        view.owned = view.owned.map(|owned| CrashingSession::new(owned, &self.crash) as _);
        Ok(view)
    }

    async fn compare_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairComparison, CallError> {
        Ok(match self.crash.call(self.session.compare_pair(alternation, secret)).await? {
            PairComparison::Complete { owned, objection } => {
                let owned = owned.map(|owned| CrashingSession::new(owned, &self.crash) as _);
                PairComparison::Complete { owned, objection }
            }
            PairComparison::Half(half) => PairComparison::Half(CrashingSession::new(half, &self.crash)),
        })
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        let mut verification = self.crash.call(self.session.verify(user, set_by)).await?;
        verification.comparison =
            verification.comparison.map(|comparison| CrashingSession::new(comparison, &self.crash) as _);
        Ok(verification)
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.crash.call(self.session.on_replica()).await
    }

    async fn check_own_change(
        &mut self,
        user: &Username,
        used: &Password,
        old: OldPassword,
    ) -> Result<Option<String>, CallError> {
        self.crash.call(self.session.check_own_change(user, used, old)).await
    }

    async fn check_passwords(&mut self, samples: &[Password]) -> Result<(), CallError> {
        self.crash.call(self.session.check_passwords(samples)).await
    }

    async fn server_state(&mut self) -> Result<ServerState, CallError> {
        self.crash.call(self.session.server_state()).await
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        self.crash.call(self.session.sessions_of(user)).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}

#[async_trait]
impl SuperuserSession for CrashingSession<dyn SuperuserSession> {
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.crash.call(self.session.install_password(user, used, password)).await
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        let hooks = Arc::clone(&self.crash.hooks);
        hooks.before_set_up(self, alternation, password, evidence).await?;
        self.crash.call(self.session.set_up_next_user(alternation, secret, password, evidence)).await
    }

    async fn check_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.crash.call(self.session.check_next_user(alternation, secret, evidence)).await
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        self.crash.call(self.session.sessions_of(user)).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}

#[async_trait]
impl OwnedObjects for CrashingSession<dyn OwnedObjects> {
    fn databases(&self) -> Vec<&str> {
        self.session.databases()
    }

    async fn reassign(&self, server: &Server, password: &Password) -> Result<(), CallError> {
        self.crash.call(self.session.reassign(server, password)).await
    }
}

#[async_trait]
impl Comparison for CrashingSession<dyn Comparison> {
    async fn sign_in(
        &self,
        other: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OtherSession>, CallError> {
        let response = self.crash.call(self.session.sign_in(other, password)).await?;
        Ok(response.map::<dyn OtherSession>(|session| CrashingSession::new(session, &self.crash)))
    }
}

#[async_trait]
impl OtherSession for CrashingSession<dyn OtherSession> {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        self.crash.call(self.session.differences()).await
    }

    async fn objection(&mut self, alternation: &Alternation) -> Result<Option<Refusal>, CallError> {
        self.crash.call(self.session.objection(alternation)).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}
