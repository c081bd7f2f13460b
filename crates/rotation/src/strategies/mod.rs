//! Whose password comes next, and who installs it: pure answers, one file a strategy.

mod alternating_users;
mod dual_password;
mod single_user;

pub use alternating_users::AlternatingUsers;
pub use dual_password::DualPassword;
pub use single_user::SingleUser;

use crate::Username;
use crate::ports::AccountView;

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

impl Alternation {
    /// What is wrong with the user whose turn it is, both accounts as their users see them. A clone has to be
    /// equal to its base. A base is the truth and may have more than the clone had; it may only lack nothing.
    pub(crate) fn differences(&self, incoming: &AccountView, outgoing: &AccountView) -> Vec<String> {
        let user = self.next_user();
        let lacks = |line: &String| format!("{user} lacks {line}");
        let has_more = |line: &String| format!("{user} has {line}, its base has not");
        let mut differences: Vec<_> =
            incoming.rights.lacks(outgoing.rights.as_ref()).iter().map(lacks).collect();
        if self.target == Target::Clone {
            differences.extend(outgoing.rules.difference(&incoming.rules).map(lacks));
            differences.extend(outgoing.rights.lacks(incoming.rights.as_ref()).iter().map(has_more));
            differences.extend(incoming.rules.difference(&outgoing.rules).map(has_more));
        }
        differences
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

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::ports::Rights;

    /// An engine whose rights say nothing of each other.
    #[derive(Debug)]
    struct Listed(BTreeSet<String>);

    impl Rights for Listed {
        fn lacks(&self, other: &dyn Rights) -> Vec<String> {
            let other = other.as_any().downcast_ref::<Self>().expect("of the same engine");
            other.0.difference(&self.0).cloned().collect()
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    fn view(rights: &[&str], rules: &[&str]) -> AccountView {
        let set = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
        AccountView { rights: Arc::new(Listed(set(rights))), rules: set(rules) }
    }

    fn differences(next: Target, incoming: &AccountView, outgoing: &AccountView) -> Vec<String> {
        let alternation =
            Alternation { base: Username("app".into()), clone: Username("app_clone".into()), target: next };
        alternation.differences(incoming, outgoing)
    }

    #[test]
    fn a_clone_has_to_be_equal_and_a_base_may_have_more() {
        let (less, more) = (view(&["SELECT"], &["LIMIT 1"]), view(&["SELECT", "UPDATE"], &["LIMIT 2"]));
        assert!(differences(Target::Clone, &more, &more).is_empty());
        assert_eq!(differences(Target::Clone, &less, &more).len(), 3);
        assert_eq!(differences(Target::Clone, &more, &less).len(), 3);
        assert!(differences(Target::Base, &more, &less).is_empty());
        assert_eq!(differences(Target::Base, &less, &more), ["app lacks UPDATE"]);
    }
}
