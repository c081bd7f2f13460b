//! What a rotation does about open sessions of the user whose password it changes.

use std::sync::OnceLock;

/// Whether an alternation goes on while the idle user, whose password it changes, has open sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnIdleUserSessions {
    /// It goes on, with a warning that names the clients.
    #[default]
    Warn,
    /// It is refused before anything is changed, also if the sessions cannot be seen.
    Refuse,
}

/// How many sessions one event has found.
#[derive(Debug, Default)]
pub struct SessionCount(OnceLock<u64>);

impl SessionCount {
    /// `None` if none were looked for, or the server did not show them.
    #[must_use]
    pub fn get(&self) -> Option<u64> {
        self.0.get().copied()
    }

    /// Sets the number, unless it is set.
    pub(crate) fn set(&self, count: u64) {
        let _ = self.0.set(count);
    }
}
