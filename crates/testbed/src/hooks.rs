//! What a test changes about the calls that pass through [`Crashing`](crate::crash::Crashing): a server's restriction, or a
//! bug that is planted.

use async_trait::async_trait;
use rotation::ports::{Change, Evidence, SuperuserSession, UserSession};
use rotation::{Alternation, CallError, OldPassword, Password, Username, Versions};

/// Each method does by default what it would do without a hook.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// What the function sees of the secret's versions.
    fn versions(&self, versions: Versions) -> Versions {
        versions
    }

    /// A user's wish to change its own password.
    async fn change_own_password(
        &self,
        session: &mut dyn UserSession,
        user: &Username,
        passwords: (&Password, &Password),
        old: OldPassword,
    ) -> Result<Change, CallError> {
        let (used, next) = passwords;
        session.change_own_password(user, used, next, old).await
    }

    /// Runs before the next user is set up.
    async fn before_set_up(
        &self,
        _superuser: &mut dyn SuperuserSession,
        _alternation: &Alternation,
        _password: &Password,
        _evidence: &Evidence,
    ) -> Result<(), CallError> {
        Ok(())
    }
}

/// Changes nothing.
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

/// The server lets no user change its own password, as RDS does under `rds.restrict_password_commands`.
pub(crate) struct RestrictedPasswordCommands;

#[async_trait]
impl Hooks for RestrictedPasswordCommands {
    async fn change_own_password(
        &self,
        session: &mut dyn UserSession,
        _user: &Username,
        (used, next): (&Password, &Password),
        old: OldPassword,
    ) -> Result<Change, CallError> {
        // The refusal is the server's own: this user may not change that one's.
        session.change_own_password(&Username("postgres".into()), used, next, old).await
    }
}
