//! A process that stops at a chosen call to Secrets Manager or a database, before or after its effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Comparison, Database, Evidence, Move, OutgoingSession, OwnedObjects,
    PairView, ProofOfOtherUser, Put, SecretStore, SignIn, SuperuserSession, UserSession, Verification,
    Wanted,
};
use rotation::{
    Alternation, CallError, OldPassword, Password, RotationToken, SecretId, SecretText, Server, SetBy,
    Username, VersionId, Versions,
};

/// When the process stops, relative to the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The call is never made.
    Before,
    /// The call takes effect, and nobody learns of its answer.
    After,
}

/// Counts calls, and stops at one: from there on nothing returns, and the caller drops the step.
#[derive(Debug, Clone)]
pub struct Crash {
    at: usize,
    moment: Moment,
    bars_own_password: bool,
    calls: Arc<AtomicUsize>,
    stopped: Arc<tokio::sync::Notify>,
}

impl Crash {
    /// Stops at the call number `at`, counted from 1.
    #[must_use]
    pub fn at(at: usize, moment: Moment) -> Self {
        Self { at, moment, bars_own_password: false, calls: Arc::default(), stopped: Arc::default() }
    }

    /// Never stops.
    #[must_use]
    pub fn never() -> Self {
        Self::at(usize::MAX, Moment::Before)
    }

    /// Never stops, but the server lets no user change its own password, as RDS does under
    /// `rds.restrict_password_commands`.
    #[must_use]
    pub fn barring_own_passwords() -> Self {
        Self { bars_own_password: true, ..Self::never() }
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Runs a step until it ends, or the process stops: none.
    pub async fn until<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            answer = step => Some(answer),
            () = self.stopped.notified() => None,
        }
    }

    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let chosen = self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.at;
        if chosen && self.moment == Moment::Before {
            self.stop().await;
        }
        let answer = call.await;
        if chosen {
            self.stop().await;
        }
        answer
    }

    async fn stop(&self) {
        self.stopped.notify_one();
        std::future::pending::<()>().await;
    }
}

/// An edge through which the process may stop.
#[expect(missing_debug_implementations, reason = "the edges are traits without Debug")]
pub struct Crashing<'a, T: ?Sized> {
    /// The real edge.
    pub adapter: &'a T,
    /// When to stop.
    pub crash: Crash,
}

#[async_trait]
impl SecretStore for Crashing<'_, dyn SecretStore> {
    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        self.crash.call(self.adapter.describe(secret)).await
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

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        self.adapter.proof_of_other_user()
    }

    fn manual_remedy(&self, user: &Username) -> String {
        self.adapter.manual_remedy(user)
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
        if self.crash.bars_own_password {
            // The refusal is the server's own: this user may not change that one's.
            let other = Username("postgres".into());
            return self.session.change_own_password(&other, used, next, old).await;
        }
        self.crash.call(self.session.change_own_password(user, used, next, old)).await
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.crash.call(self.session.finish_own_change(old)).await
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

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        let mut verification = self.crash.call(self.session.verify(user, set_by)).await?;
        verification.comparison =
            verification.comparison.map(|comparison| CrashingSession::new(comparison, &self.crash) as _);
        Ok(verification)
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.crash.call(self.session.on_replica()).await
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
        self.crash.call(self.session.set_up_next_user(alternation, secret, password, evidence)).await
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
        outgoing: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OutgoingSession>, CallError> {
        let response = self.crash.call(self.session.sign_in(outgoing, password)).await?;
        Ok(response.map::<dyn OutgoingSession>(|session| CrashingSession::new(session, &self.crash)))
    }
}

#[async_trait]
impl OutgoingSession for CrashingSession<dyn OutgoingSession> {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        self.crash.call(self.session.differences()).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}
