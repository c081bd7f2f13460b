//! What a rotation does about open sessions of the user whose password it changes.

use std::sync::OnceLock;

use crate::ports::Sessions;

/// Whether an alternation goes on while the idle user, whose password it changes, has open sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnIdleUserSessions {
    /// It goes on, with a warning that names the clients.
    #[default]
    Warn,
    /// It is refused before anything is changed, also if the sessions cannot be seen.
    Refuse,
}

/// The sessions of the idle user, as one event has found them.
#[derive(Debug, Default)]
pub struct IdleUserSessions(OnceLock<Sessions>);

impl IdleUserSessions {
    /// How many there are; `None` if none were looked for, or the server did not show them.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.seen().map(|sessions| sessions.count)
    }

    pub(crate) fn seen(&self) -> Option<&Sessions> {
        self.0.get()
    }

    /// Keeps what was seen, unless something was seen before, and returns what is kept.
    pub(crate) fn keep(&self, sessions: Sessions) -> &Sessions {
        self.0.get_or_init(|| sessions)
    }
}
