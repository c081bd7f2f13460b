//! Whose password comes next, who sets it, and what becomes of the old one. Pure: nothing here waits or fails.

use crate::{SecretId, Username};

/// What the clone's name ends with, as in AWS's functions.
const SUFFIX: &str = "_clone";

/// A way to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The same user, a new password, set by the user itself.
    ///
    /// Between setSecret and finishSecret a new sign-in with AWSCURRENT is rejected. Open sessions go on.
    SingleUser,
    /// A user and its clone take turns. A superuser sets the password, or, if the secret names none, the idle user its own.
    /// AWSCURRENT signs in at every instant.
    AlternatingUsers,
    /// One user, two valid passwords, no superuser. AWSCURRENT signs in at every instant.
    ///
    /// The old password stays valid until the next rotation, which replaces it. If a leak is the reason to
    /// rotate, end it at once: `ALTER USER app@host DISCARD OLD PASSWORD`.
    DualPassword,
}

impl Strategy {
    /// The user of the pending version, given the current one's.
    #[must_use]
    pub fn next_user(self, current: &Username) -> Username {
        match self {
            Self::SingleUser | Self::DualPassword => current.clone(),
            Self::AlternatingUsers => base_of(current).unwrap_or_else(|| clone_of(current)),
        }
    }

    /// Who sets the password of `next`, the user of the pending version; `superuser` is the one that the secret names.
    #[must_use]
    pub fn set_by(self, next: &Username, superuser: Option<&SecretId>) -> SetBy {
        match (self, superuser) {
            (Self::SingleUser, _) => SetBy::User(OldPassword::Discard),
            (Self::DualPassword, _) => SetBy::User(OldPassword::Retain),
            (Self::AlternatingUsers, Some(superuser)) => {
                SetBy::Superuser(Alternation::to(next), superuser.clone())
            }
            (Self::AlternatingUsers, None) => SetBy::IdleUser(Alternation::to(next)),
        }
    }

    /// Whether two users take turns.
    #[must_use]
    pub fn alternates(self) -> bool {
        match self {
            Self::SingleUser | Self::DualPassword => false,
            Self::AlternatingUsers => true,
        }
    }
}

/// Who sets the pending password in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetBy {
    /// The user itself.
    User(OldPassword),
    /// The superuser of this secret, for the other of two users.
    Superuser(Alternation, SecretId),
    /// The other of two users, which the application has not used since the rotation before: its own.
    IdleUser(Alternation),
}

/// What becomes of the password that a user had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPassword {
    /// It is rejected from then on.
    Discard,
    /// It signs in until the next one is set.
    Retain,
}

/// The work of one rotation under alternating users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternation {
    /// The user whose privileges count.
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
    fn to(next: &Username) -> Self {
        match base_of(next) {
            Some(base) => Self { base, clone: next.clone(), target: Target::Clone },
            None => Self { base: next.clone(), clone: clone_of(next), target: Target::Base },
        }
    }

    /// The turn after this one.
    #[must_use]
    pub(crate) fn after(&self) -> Self {
        let target = match self.target {
            Target::Base => Target::Clone,
            Target::Clone => Target::Base,
        };
        Self { target, ..self.clone() }
    }

    /// The user whose turn it is.
    #[must_use]
    pub fn next_user(&self) -> &Username {
        match self.target {
            Target::Base => &self.base,
            Target::Clone => &self.clone,
        }
    }
}

/// The base of a clone's name; `None` for the name of a base. A user called just `_clone` is a base.
pub(crate) fn base_of(user: &Username) -> Option<Username> {
    let base = user.0.strip_suffix(SUFFIX).filter(|base| !base.is_empty())?;
    Some(Username(base.to_owned()))
}

fn clone_of(base: &Username) -> Username {
    Username(format!("{base}{SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Strategy as Rotates;
    use super::*;

    fn user(name: &str) -> Username {
        Username(name.into())
    }

    #[test]
    fn the_two_users_take_turns() {
        for (current, next) in [("app", "app_clone"), ("app_clone", "app"), ("_clone", "_clone_clone")] {
            assert_eq!(Rotates::AlternatingUsers.next_user(&user(current)), user(next));
        }
    }

    #[test]
    fn the_superuser_sets_the_passwords_of_both_and_without_one_each_its_own() {
        let alternation = |target| Alternation { base: user("app"), clone: user("app_clone"), target };
        let superuser = SecretId("superuser".into());
        for (next, expected) in [("app", Target::Base), ("app_clone", Target::Clone)] {
            let expected = alternation(expected);
            assert_eq!(expected.next_user(), &user(next));
            assert_ne!(expected.after().next_user(), &user(next));
            let set_by = |superuser| Rotates::AlternatingUsers.set_by(&user(next), superuser);
            assert_eq!(set_by(Some(&superuser)), SetBy::Superuser(expected.clone(), superuser.clone()));
            assert_eq!(set_by(None), SetBy::IdleUser(expected));
        }
    }

    #[test]
    fn one_user_sets_its_own_password() {
        for (strategy, old) in
            [(Rotates::SingleUser, OldPassword::Discard), (Rotates::DualPassword, OldPassword::Retain)]
        {
            assert_eq!(strategy.next_user(&user("app_clone")), user("app_clone"));
            let superuser = SecretId("superuser".into());
            for superuser in [None, Some(&superuser)] {
                assert_eq!(strategy.set_by(&user("app_clone"), superuser), SetBy::User(old));
            }
            assert!(!strategy.alternates());
        }
        assert!(Rotates::AlternatingUsers.alternates());
    }

    proptest! {
        #[test]
        fn two_turns_lead_back(name in ".{0,20}[^e]") {
            let name = user(&name);
            let next = Rotates::AlternatingUsers.next_user(&name);
            prop_assert_eq!(Rotates::AlternatingUsers.next_user(&next), name);
        }
    }
}
