//! Sessions of the idle user: clients that have not gone over to AWSCURRENT. No rotation ends a session. But its client cannot open
//! another one with the password that the next change of it ends.

use std::error::Error as _;

use tracing::{info, warn};

use super::context::{Context, failed};
use crate::Username;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::idle_user::OnIdleUserSessions;
use crate::ports::Sessions;

/// Which change of the password the sessions are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// This rotation is about to make it.
    This,
    /// An earlier attempt of this rotation has made it.
    ThisAgain,
    /// The next rotation would make it: `RotateImmediately=false`.
    Next,
}

impl Context<'_> {
    /// Counts the sessions of `user`, which `see` returns, and names their clients.
    ///
    /// # Errors
    /// Before a change, and only if this function is set to refuse it: if there are any, or they cannot be seen.
    pub(super) async fn check_sessions(
        &self,
        user: &Username,
        see: impl Future<Output = Result<Sessions, CallError>>,
        turn: Turn,
    ) -> Result<(), Error> {
        let seen = self.rotation.progress.of(format!("see who has open sessions as {user}"), see).await;
        let refuses = self.rotation.on_idle_user_sessions == OnIdleUserSessions::Refuse;
        let sessions = match (seen, turn) {
            (Ok(sessions), _) => sessions,
            (Err(error), Turn::This) if refuses => return Err(error),
            // Nothing else can be asked in this session.
            (Err(error), _) if is_lost(&error) => return Err(error),
            (Err(error), Turn::This | Turn::ThisAgain) => {
                let reason = error.source().map(ToString::to_string).unwrap_or_default();
                warn!(db.user = %user, "{error}: {reason}");
                return Ok(());
            }
            // setSecret may have a session that sees them.
            (Err(error), Turn::Next) => {
                let reason = error.source().map(ToString::to_string).unwrap_or_default();
                info!(db.user = %user, "{error}: {reason}");
                return Ok(());
            }
        };
        let sessions = self.rotation.sessions_of_idle_user.keep(sessions);
        if sessions.count == 0 {
            return Ok(());
        }
        if refuses && turn == Turn::This {
            let doing = format!("change the password of {user} while it has open sessions");
            return Err(failed(doing, CallError::failed(Cause::IdleUserHasSessions, sessions.to_string())));
        }
        let rotation = if turn == Turn::Next { "the next rotation" } else { "this rotation" };
        warn!(
            db.user = %user,
            sessions = sessions.count,
            "{user} has open sessions, and {rotation} changes its password: {sessions}; they go on, but these clients cannot open others \
             until they have read AWSCURRENT"
        );
        Ok(())
    }
}

/// Whether the server did not respond, as against an error that it responded with.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Call { source, .. } => {
            matches!(source.cause(), Some(Cause::NotAnswering | Cause::Unreachable | Cause::Protocol))
        }
        Error::Refused(_) => false,
    }
}
