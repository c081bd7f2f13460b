//! One event: what a step acts with, and what it has read of the secret.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::error::{CallError, Error, Refusal};
use crate::event::{RotationEvent, Step};
use crate::ports::{ProofOfOtherUser, Wanted, check_username};
use crate::replication::Replication;
use crate::rotation::Rotation;
use crate::secret::Secret;
use crate::server::Server;
use crate::versions::{Admission, Stage, Versions, describe_version};
use crate::{Cause, SecretId, SecretText, Username};

/// For how long a step relies on the labels that it has read: no other rotation runs through all steps in this time.
const LABELS_AGE: Duration = Duration::from_secs(2);

/// One event. Each version of the secret is read once, when it is first asked for.
pub(crate) struct Context<'a> {
    pub(super) rotation: &'a Rotation<'a>,
    pub(super) event: &'a RotationEvent,
    current: OnceLock<Secret>,
    pending: OnceLock<Secret>,
    previous: OnceLock<Option<SecretText>>,
    /// What the secret was at the start.
    described: OnceLock<Versions>,
    /// How much time was left when the labels were last found to be as at the start.
    left: Mutex<Duration>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(rotation: &'a Rotation<'a>, event: &'a RotationEvent) -> Self {
        let (current, pending, previous) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let (described, left) = (OnceLock::new(), Mutex::new(rotation.clock.left()));
        Self { rotation, event, current, pending, previous, described, left }
    }

    /// With these versions, which were read before. For a diagnosis, which needs no rotation to be under way.
    pub(crate) fn with_versions(self, current: Secret, pending: Secret) -> Self {
        let (current, pending) = (OnceLock::from(current), OnceLock::from(pending));
        Self { current, pending, ..self }
    }

    /// The secret that the event is about.
    pub(crate) fn secret_id(&self) -> &SecretId {
        &self.event.secret_id
    }

    /// Reads what the step needs in any case, all at once: a step waits for as few rounds of calls as it can.
    pub(crate) async fn read_ahead(&self) -> Result<(), Error> {
        match self.event.step {
            Step::CreateSecret => self.current().await.map(|_| ()),
            Step::SetSecret => {
                let previous = async {
                    if self.reads_verifiers() {
                        // If this fails, it is read again where it is needed: what is wrong with the two versions comes first.
                        let _ = self.previous_text().await;
                    }
                };
                let (current, pending, ()) = tokio::join!(self.current(), self.pending(), previous);
                current.and(pending).map(|_| ())
            }
            Step::TestSecret => self.pending().await.map(|_| ()),
            Step::FinishSecret => Ok(()),
        }
    }

    pub(crate) async fn describe(&self) -> Result<Versions, Error> {
        let secret = &self.event.secret_id;
        let describe = self.rotation.store.describe(secret);
        let versions = self.rotation.progress.of(format!("describe {secret}"), describe).await?;
        self.described.get_or_init(|| versions.clone());
        Ok(versions)
    }

    /// Looks at the labels again, before a person is told to change a password: in a rotation that was given up meanwhile, the user
    /// may be AWSCURRENT's by now.
    pub(super) async fn is_still_pending(&self) -> Result<(), Error> {
        let versions = self.describe().await?;
        let check = async { self.check_still_pending(&versions) };
        self.rotation.progress.of("go on with this rotation", check).await
    }

    /// Checks what was just described: that the version is still pending, or current already, and that AWSCURRENT is where it was at
    /// the start.
    pub(super) fn check_still_pending(&self, versions: &Versions) -> Result<(), CallError> {
        let Admission::Pending { current } = versions.admit(&self.event.version_id)? else { return Ok(()) };
        if self.described.get().and_then(|before| before.holder(Stage::Current)) == Some(&current) {
            *self.left() = self.rotation.clock.left();
            return Ok(());
        }
        let said = format!("AWSCURRENT was moved meanwhile, to {current}");
        Err(CallError::failed(Cause::LabelMoved, said))
    }

    /// The same before a password changes, if the labels were read a while ago.
    pub(super) async fn is_still_pending_after_a_while(&self) -> Result<(), Error> {
        let age = self.left().saturating_sub(self.rotation.clock.left());
        if age < LABELS_AGE { Ok(()) } else { self.is_still_pending().await }
    }

    fn left(&self) -> MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secret's replicas, as they were at the start of the step.
    pub(super) fn replication(&self) -> Replication {
        self.described.get().map(|versions| versions.replication.clone()).unwrap_or_default()
    }

    /// The version that applications read.
    pub(super) async fn current(&self) -> Result<&Secret, Error> {
        self.once(&self.current, Stage::Current, || Refusal::NoCurrent).await
    }

    /// The version that the rotation is about to make current.
    pub(super) async fn pending(&self) -> Result<&Secret, Error> {
        let missing = || Refusal::NoPendingValue { version: self.event.version_id.clone() };
        self.once(&self.pending, Stage::Pending, missing).await
    }

    async fn once<'s>(
        &self,
        cell: &'s OnceLock<Secret>,
        stage: Stage,
        missing: impl FnOnce() -> Refusal,
    ) -> Result<&'s Secret, Error> {
        if let Some(secret) = cell.get() {
            return Ok(secret);
        }
        let text = self.value(stage).await?.ok_or_else(missing)?;
        let secret = self.parse(&text, &describe_version(stage, &self.event.secret_id))?;
        Ok(cell.get_or_init(|| secret))
    }

    /// The version that was current before, as it is stored: only some errors in it matter to anyone.
    pub(crate) async fn previous_text(&self) -> Result<Option<&SecretText>, Error> {
        if let Some(text) = self.previous.get() {
            return Ok(text.as_ref());
        }
        let text = self.value(Stage::Previous).await?;
        Ok(self.previous.get_or_init(|| text).as_ref())
    }

    /// Reads the value of the version that has a label.
    pub(crate) async fn value(&self, stage: Stage) -> Result<Option<SecretText>, Error> {
        let wanted = match stage {
            Stage::Pending => Wanted::Pending(&self.event.version_id),
            Stage::Current | Stage::Previous => Wanted::Labelled(stage),
        };
        let secret = &self.event.secret_id;
        let doing = format!("read the {}", describe_version(stage, secret));
        self.rotation.progress.of(doing, self.rotation.store.value(secret, wanted)).await
    }

    /// Reads a version's fields. `which` names the version, as in "AWSCURRENT version of ARN".
    pub(crate) fn parse(&self, text: &SecretText, which: &str) -> Result<Secret, Error> {
        let secret = Secret::parse(text, which, self.rotation.database.engines())?;
        self.rotation.passwords.remember(&secret.password);
        self.check_name(&secret.username, &secret.engine)?;
        Ok(secret)
    }

    pub(super) fn check_name(&self, user: &Username, engine: &str) -> Result<(), Error> {
        let Rotation { database, username_limit, .. } = self.rotation;
        Ok(check_username(*database, user, engine, *username_limit)?)
    }

    /// The server of a version of the secret.
    pub(crate) fn server(&self, version: &Secret) -> Server {
        version.server(self.rotation.database.default_port())
    }

    /// Whether a superuser would show the other of two users by verifiers, so that every alternation reads AWSPREVIOUS. On such a server
    /// a user sees its own account only.
    pub(super) fn reads_verifiers(&self) -> bool {
        let Rotation { strategy, database, .. } = self.rotation;
        strategy.alternates() && database.proof_of_other_user() == ProofOfOtherUser::StoredVerifier
    }
}

/// A failure outside of [`crate::Progress::of`].
pub(super) fn failed(doing: impl Into<String>, source: CallError) -> Error {
    Error::Call { doing: doing.into(), source }
}
