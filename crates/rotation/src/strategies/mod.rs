//! Whose password comes next, and who installs it: pure answers, one file a strategy.

mod alternating_users;
mod single_user;

pub use alternating_users::AlternatingUsers;
pub use single_user::SingleUser;

use crate::Username;

/// Who puts the pending password in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installer {
    /// The user itself.
    TheUser,
    /// The superuser, for the other of two users.
    Superuser(Turn),
}

/// Which of the two users comes next, under alternating users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The user whose rights are the truth.
    pub base: Username,
    /// The user that is kept equal to it.
    pub clone: Username,
    /// The one whose turn it is.
    pub next: Next,
}

/// One of two users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The base: only its password changes.
    Base,
    /// The clone: it is made equal to the base first.
    Clone,
}

impl Turn {
    /// The user whose turn it is.
    #[must_use]
    pub fn next_user(&self) -> &Username {
        match self.next {
            Next::Base => &self.base,
            Next::Clone => &self.clone,
        }
    }
}

/// A way to rotate.
pub trait Strategy: Send + Sync {
    /// The user of the pending version, given the current one's.
    fn next_user(&self, current: &Username) -> Username;

    /// Who installs the password of `next`, the user of the pending version.
    fn installer(&self, next: &Username) -> Installer;
}
