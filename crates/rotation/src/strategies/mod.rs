//! Whose password comes next, and who installs it: pure answers, one file a strategy.

mod alternating_users;
mod dual_password;
mod single_user;

pub use alternating_users::AlternatingUsers;
pub use dual_password::DualPassword;
pub use single_user::SingleUser;

use crate::Username;

/// Who puts the pending password in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetBy {
    /// The user itself.
    User(OldPassword),
    /// The superuser, for the other of two users.
    Superuser(Alternation),
}

/// What becomes of the password that a user had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPassword {
    /// It is refused from then on.
    Discard,
    /// It signs in until the next one is installed.
    Retain,
}

/// Which of the two users comes next, under alternating users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternation {
    /// The user whose rights are the truth.
    pub base: Username,
    /// The user that is kept equal to it.
    pub clone: Username,
    /// The one whose turn it is.
    pub target: Target,
}

/// One of two users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The base: only its password changes.
    Base,
    /// The clone: it is made equal to the base first.
    Clone,
}

impl Alternation {
    /// The user whose turn it is.
    #[must_use]
    pub fn next_user(&self) -> &Username {
        match self.target {
            Target::Base => &self.base,
            Target::Clone => &self.clone,
        }
    }
}

/// A way to rotate.
pub trait Strategy: Send + Sync {
    /// The user of the pending version, given the current one's.
    fn next_user(&self, current: &Username) -> Username;

    /// Who installs the password of `next`, the user of the pending version.
    fn set_by(&self, next: &Username) -> SetBy;

    /// Whether two users take turns, so that a superuser installs.
    fn alternates(&self) -> bool {
        false
    }
}
