//! Alternating users: a user and its clone take turns, and a superuser installs. AWSCURRENT signs in at
//! every instant.

use super::{Alternation, SetBy, Strategy, Target};
use crate::Username;

/// What the clone's name ends with, as in AWS's functions.
const SUFFIX: &str = "_clone";

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct AlternatingUsers;

impl Strategy for AlternatingUsers {
    fn next_user(&self, current: &Username) -> Username {
        match base_of(current) {
            Some(base) => base,
            None => Username(format!("{current}{SUFFIX}")),
        }
    }

    fn set_by(&self, next: &Username) -> SetBy {
        let clone = |base: &Username| Username(format!("{base}{SUFFIX}"));
        SetBy::Superuser(match base_of(next) {
            Some(base) => Alternation { base, clone: next.clone(), target: Target::Clone },
            None => Alternation { base: next.clone(), clone: clone(next), target: Target::Base },
        })
    }

    fn alternates(&self) -> bool {
        true
    }
}

/// The base of a clone's name; none for a base. A user called just `_clone` is a base.
fn base_of(user: &Username) -> Option<Username> {
    let base = user.0.strip_suffix(SUFFIX).filter(|base| !base.is_empty())?;
    Some(Username(base.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Strategy as _;

    fn user(name: &str) -> Username {
        Username(name.into())
    }

    #[test]
    fn the_two_users_take_turns() {
        for (current, next) in [("app", "app_clone"), ("app_clone", "app"), ("_clone", "_clone_clone")] {
            assert_eq!(AlternatingUsers.next_user(&user(current)), user(next));
        }
    }

    #[test]
    fn the_superuser_installs_both() {
        let alternation = |next| Alternation { base: user("app"), clone: user("app_clone"), target: next };
        for (next, expected) in [("app", Target::Base), ("app_clone", Target::Clone)] {
            assert_eq!(AlternatingUsers.set_by(&user(next)), SetBy::Superuser(alternation(expected)));
        }
    }

    proptest! {
        #[test]
        fn two_turns_lead_back(name in ".{0,20}[^e]") {
            let name = user(&name);
            prop_assert_eq!(AlternatingUsers.next_user(&AlternatingUsers.next_user(&name)), name);
        }
    }
}
