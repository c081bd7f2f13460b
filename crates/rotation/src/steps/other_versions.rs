//! Versions of the secret beside AWSCURRENT and the pending one: what they hold may show who somebody is.

use std::error::Error as _;

use tracing::warn;

use crate::cause::Cause;
use crate::error::{Error, Refusal};
use crate::ports::{ProofOfOtherUser, Wanted};
use crate::{Password, Rotation, RotationEvent, Secret, SecretText, Stage, Username, VersionId};

/// How many versions without a label a step reads, at the most.
const MOST: usize = 10;

/// Versions without a label.
pub(super) struct Unlabelled {
    /// Those that were read, newest first.
    pub(super) read: Vec<(VersionId, Secret)>,
    /// Those that were not.
    pub(super) unread: Vec<VersionId>,
}

/// The passwords of one user that a step tries, each once and few of them: each failure may count towards a lock.
pub(super) struct SignIns<'a> {
    user: &'a Username,
    tried: Vec<&'a Password>,
    left: usize,
}

/// What comes of a version as one to sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candidate {
    Try,
    /// Another user's, or of a password that was tried.
    PassOver,
    /// There were enough.
    LeaveUntried,
}

impl<'a> SignIns<'a> {
    /// For this user, with what was tried already.
    pub(super) fn of(user: &'a Username, tried: &[&'a Secret], left: usize) -> Self {
        Self { user, tried: tried.iter().map(|version| &version.password).collect(), left }
    }

    /// Whether to sign in with this version, which then counts as tried.
    pub(super) fn candidate(&mut self, version: &'a Secret) -> Candidate {
        if version.username != *self.user || self.tried.contains(&&version.password) {
            return Candidate::PassOver;
        }
        let Some(left) = self.left.checked_sub(1) else { return Candidate::LeaveUntried };
        self.left = left;
        self.tried.push(&version.password);
        Candidate::Try
    }
}

impl Rotation<'_> {
    /// AWSPREVIOUS, where it is for the same server as `current`. One that is not a secret of ours is none.
    pub(super) async fn previous(
        &self,
        event: &RotationEvent,
        current: &Secret,
    ) -> Result<Option<Secret>, Error> {
        let text = self.value(event, Stage::Previous).await?;
        Ok(self.previous_in(event, text, current))
    }

    /// The same where its text has been read.
    pub(super) fn previous_in(
        &self,
        event: &RotationEvent,
        text: Option<SecretText>,
        current: &Secret,
    ) -> Option<Secret> {
        let parsed = self.parse(event, Stage::Previous, Some(text?), Refusal::NoCurrent);
        self.of_our_server("AWSPREVIOUS", parsed, current)
    }

    /// The versions without a label, of which the ten newest are read. A rotation that was given up after setSecret leaves
    /// there what signs in. A role that may not list them gets none, and a warning.
    pub(super) async fn unlabelled(
        &self,
        event: &RotationEvent,
        current: &Secret,
    ) -> Result<Unlabelled, Error> {
        let secret = &event.secret_id;
        let doing = format!("list the versions of {secret}");
        let listed = match self.progress.of(doing, self.store.unlabelled(secret)).await {
            Err(Error::Call { source, .. }) if source.cause() == Some(Cause::AccessDenied) => {
                warn!(
                    "versions without a label are not looked at, which takes secretsmanager:ListSecretVersionIds: {source}"
                );
                Vec::new()
            }
            listed => listed?,
        };
        let (mut read, mut unread) = (Vec::new(), listed);
        for version in unread.drain(..unread.len().min(MOST)) {
            let doing = format!("read version {version} of {secret}");
            let text = self.progress.of(doing, self.store.value(secret, Wanted::Version(&version))).await?;
            let name = format!("version {version}");
            let Some(text) = text else { continue };
            let parsed = self.parse_named(&text, &format!("{name} of {secret}"));
            if let Some(other) = self.of_our_server(&name, parsed, current) {
                read.push((version, other));
            }
        }
        Ok(Unlabelled { read, unread })
    }

    /// A password is sent to no server but its own. Where nobody signs in, a server that has moved is no obstacle.
    fn of_our_server(&self, name: &str, parsed: Result<Secret, Error>, current: &Secret) -> Option<Secret> {
        let endpoint = |secret: &Secret| secret.server(self.database.default_port()).endpoint;
        let signs_in = !self.strategy.alternates()
            || self.database.proof_of_other_user() == ProofOfOtherUser::MembershipOrSignIn;
        match parsed {
            Ok(other) => Some(other).filter(|other| !signs_in || endpoint(other) == endpoint(current)),
            Err(error) => {
                let reason = error.source().map(ToString::to_string).unwrap_or_default();
                warn!("{name} cannot be used: {reason}");
                None
            }
        }
    }
}
