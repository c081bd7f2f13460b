//! Signing in with a version of the secret.

use std::fmt;

use super::context::Context;
use crate::error::{CallError, Error};
use crate::ports::{SignIn, UserSession};
use crate::secret::Secret;
use crate::server::Server;
use crate::versions::Stage;
use crate::{Password, Username, VersionId};

/// A version of the secret, to sign in with.
pub(super) struct Credentials {
    pub(super) version: VersionName,
    pub(super) username: Username,
    pub(super) password: Password,
}

/// What messages call a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VersionName {
    Labelled(Stage),
    Unlabelled(VersionId),
}

impl VersionName {
    /// The id of a version that has no label.
    pub(super) fn unlabelled(self) -> Option<VersionId> {
        match self {
            Self::Labelled(_) => None,
            Self::Unlabelled(version) => Some(version),
        }
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Labelled(stage) => stage.fmt(f),
            Self::Unlabelled(version) => write!(f, "version {version}"),
        }
    }
}

impl Credentials {
    pub(super) fn of(version: VersionName, secret: &Secret) -> Self {
        Self { version, username: secret.username.clone(), password: secret.password.clone() }
    }

    pub(super) fn current(secret: &Secret) -> Self {
        Self::of(VersionName::Labelled(Stage::Current), secret)
    }

    pub(super) fn pending(secret: &Secret) -> Self {
        Self::of(VersionName::Labelled(Stage::Pending), secret)
    }
}

impl Context<'_> {
    /// Signs in as a user of the application.
    pub(super) async fn sign_in(
        &self,
        server: &Server,
        as_user: &Credentials,
    ) -> Result<SignIn<dyn UserSession>, Error> {
        let sign_in = || self.rotation.database.sign_in(server, &as_user.username, &as_user.password);
        self.sign_in_by(server, as_user, sign_in).await
    }

    /// The same by another call than [`crate::ports::Database::sign_in`].
    pub(super) async fn sign_in_by<S: ?Sized, F>(
        &self,
        server: &Server,
        as_user: &Credentials,
        sign_in: impl Fn() -> F,
    ) -> Result<SignIn<S>, Error>
    where
        F: Future<Output = Result<SignIn<S>, CallError>>,
    {
        let Credentials { version, username, .. } = as_user;
        let doing = format!("sign in to {} as {username} with the password of {version}", server.endpoint);
        self.rotation.progress.of(doing, self.patiently(server, sign_in)).await
    }

    /// Ends a session by `close`. Errors are ignored: the work is done.
    pub(super) async fn close(&self, close: impl Future<Output = ()>) {
        let close = async {
            close.await;
            Ok(())
        };
        let _ = self.rotation.progress.of("close the connection to the server", close).await;
    }
}
