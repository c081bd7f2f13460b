//! Versions of the secret beside AWSCURRENT and the pending one: an abandoned rotation may have set the password of one.

use std::collections::VecDeque;
use std::error::Error as _;

use tracing::warn;

use super::context::Context;
use super::sign_in::{Credentials, VersionName};
use crate::cause::Cause;
use crate::error::Error;
use crate::ports::Wanted;
use crate::secret::Secret;
use crate::strategy::SetBy;
use crate::versions::{Stage, describe_version};
use crate::{Password, Username, VersionId};

/// How many versions without a label a step reads, at the most.
const MOST: usize = 10;

/// How often a step signs in with versions of the secret, AWSCURRENT's own included: each failure may count towards a lock.
const SIGN_INS: usize = 5;

/// Versions without a label.
pub(super) struct Unlabelled {
    /// Those that were read, newest first.
    pub(super) read: Vec<(VersionId, Secret)>,
    /// Those that were not.
    pub(super) unread: Vec<VersionId>,
}

/// The versions of one user to sign in with, each password once and few of them: first those with a label, then those without,
/// which are listed only if it comes to that.
pub(super) struct OtherVersions<'a> {
    context: &'a Context<'a>,
    user: Username,
    tried: Vec<Password>,
    /// How many more sign-ins the step may make.
    left: usize,
    waiting: VecDeque<Credentials>,
    is_listed: bool,
    untried: Vec<VersionId>,
    unread: Vec<VersionId>,
}

impl<'a> OtherVersions<'a> {
    /// AWSPREVIOUS and the versions without a label, after the server has rejected AWSCURRENT and the pending version.
    pub(super) async fn of_user(context: &'a Context<'a>) -> Result<Self, Error> {
        let (current, pending) = (context.current().await?, context.pending().await?);
        let tried = vec![current.password.clone(), pending.password.clone()];
        let waiting = context.previous().await?.into_iter().collect();
        Ok(Self::new(context, &pending.username, tried, SIGN_INS - 2, waiting))
    }

    /// Those of `user`, the other of two users: AWSPREVIOUS; the pending version, whose password an earlier attempt may have set; and
    /// the versions without a label. The step also signs in with AWSCURRENT, which is not that user's, `as_current` times.
    pub(super) async fn of_other_user(
        context: &'a Context<'a>,
        user: &Username,
        as_current: usize,
    ) -> Result<Self, Error> {
        let mut waiting: VecDeque<_> = context.previous().await?.into_iter().collect();
        waiting.push_back(Credentials::pending(context.pending().await?));
        Ok(Self::new(context, user, Vec::new(), SIGN_INS.saturating_sub(as_current), waiting))
    }

    fn new(
        context: &'a Context<'a>,
        user: &Username,
        tried: Vec<Password>,
        left: usize,
        waiting: VecDeque<Credentials>,
    ) -> Self {
        let (user, untried, unread) = (user.clone(), Vec::new(), Vec::new());
        Self { context, user, tried, left, waiting, is_listed: false, untried, unread }
    }

    /// The next version to sign in with, which then counts as tried.
    pub(super) async fn next(&mut self) -> Result<Option<Credentials>, Error> {
        loop {
            while let Some(version) = self.waiting.pop_front() {
                if version.username != self.user || self.tried.contains(&version.password) {
                    continue;
                }
                if let Some(left) = self.left.checked_sub(1) {
                    self.left = left;
                    self.tried.push(version.password.clone());
                    return Ok(Some(version));
                }
                self.untried.extend(version.version.unlabelled());
            }
            if self.is_listed {
                return Ok(None);
            }
            self.is_listed = true;
            let Unlabelled { read, unread } = self.context.unlabelled().await?;
            let of = |(version, secret)| Credentials::of(VersionName::Unlabelled(version), &secret);
            self.waiting.extend(read.into_iter().map(of));
            self.unread = unread;
        }
    }

    /// The versions that were not tried because there were enough, newest first.
    pub(super) fn untried(self) -> Vec<VersionId> {
        [self.untried, self.unread].concat()
    }
}

impl Context<'_> {
    /// AWSPREVIOUS, if it is for the same server as AWSCURRENT and can be read.
    pub(super) async fn previous(&self) -> Result<Option<Credentials>, Error> {
        let name = VersionName::Labelled(Stage::Previous);
        let Some(text) = self.previous_text().await? else { return Ok(None) };
        let parsed = self.parse(text, &describe_version(Stage::Previous, &self.event.secret_id));
        let previous = self.of_our_server(&name, parsed).await?;
        Ok(previous.map(|previous| Credentials::of(name, &previous)))
    }

    /// The versions without a label, of which the ten newest are read. A rotation that was abandoned after setSecret leaves
    /// a password there that signs in. A role that may not list them gets none, and a warning.
    pub(super) async fn unlabelled(&self) -> Result<Unlabelled, Error> {
        let (store, progress, secret) = (self.rotation.store, self.rotation.progress, &self.event.secret_id);
        let listed = progress.of(format!("list the versions of {secret}"), store.unlabelled(secret)).await;
        let listed = match listed {
            Err(Error::Call { source, .. }) if source.cause() == Some(Cause::AccessDenied) => {
                warn!(
                    "versions without a label are not read, which takes secretsmanager:ListSecretVersionIds: {source}"
                );
                Vec::new()
            }
            listed => listed?,
        };
        let (mut read, mut unread) = (Vec::new(), listed);
        for version in unread.drain(..unread.len().min(MOST)) {
            let doing = format!("read version {version} of {secret}");
            let text = progress.of(doing, store.value(secret, Wanted::Version(&version))).await?;
            let Some(text) = text else { continue };
            let name = VersionName::Unlabelled(version.clone());
            let parsed = self.parse(&text, &format!("{name} of {secret}"));
            if let Some(other) = self.of_our_server(&name, parsed).await? {
                read.push((version, other));
            }
        }
        Ok(Unlabelled { read, unread })
    }

    /// The field in which a version is for another server than AWSCURRENT: a password is sent to no server but its own. If nobody
    /// signs in with it, because the superuser compares verifiers, a server that has moved does not matter.
    pub(super) async fn differs_in(&self, version: &Secret) -> Result<Option<&'static str>, Error> {
        let current = self.current().await?;
        let (ours, theirs) = (self.server(current), self.server(version));
        let set_by = self.rotation.strategy.set_by(&current.username, current.superuser.as_ref());
        Ok(match set_by {
            SetBy::Superuser(..) if self.reads_verifiers() => None,
            _ if ours.endpoint.port != theirs.endpoint.port => Some("port"),
            _ if ours.endpoint != theirs.endpoint => Some("host"),
            SetBy::IdleUser(_) if ours.tls != theirs.tls => Some("ssl"),
            SetBy::Superuser(..) | SetBy::IdleUser(_) | SetBy::User(_) => None,
        })
    }

    /// A version that can be read and is for the server of AWSCURRENT.
    async fn of_our_server(
        &self,
        name: &VersionName,
        parsed: Result<Secret, Error>,
    ) -> Result<Option<Secret>, Error> {
        match parsed {
            Ok(other) => Ok(self.differs_in(&other).await?.is_none().then_some(other)),
            Err(error) => {
                let reason = error.source().map(ToString::to_string).unwrap_or_default();
                warn!("{name} cannot be used: {reason}");
                Ok(None)
            }
        }
    }
}
