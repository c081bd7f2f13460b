//! What is to be done next. Pure: nothing here waits or fails.

use rotation::{Password, Username, VersionId};

/// A version of the secret, as far as it decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) version: &'a VersionId,
    pub(super) username: &'a Username,
    pub(super) password: &'a Password,
}

/// What the world says of the password.
#[derive(Debug, Clone, Copy)]
pub(super) struct State<'a> {
    pub(super) leaked: Holder<'a>,
    pub(super) current: Holder<'a>,
    /// The leaked password signs in.
    pub(super) signs_in: bool,
    /// The user can have a second password, which has not been discarded in vain.
    pub(super) may_be_second: bool,
    /// The leaked version is AWSPENDING: who continues that rotation sets its password, or sets it once more.
    pub(super) is_pending: bool,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Rotate: applications read this password, or it is the other user's.
    Rotate,
    /// Discard the current user's second password.
    DiscardOldPassword,
    /// End the sessions that were opened with it, and prove that it is rejected.
    EndSessions,
}

/// Derived from the world alone, so that it goes on where another run broke off.
pub(super) fn next(State { leaked, current, signs_in, may_be_second, is_pending }: State<'_>) -> Next {
    let is_or_will_be_read = is_pending || current.version == leaked.version || is_of(current, leaked);
    match (is_or_will_be_read, signs_in) {
        // Also if it does not sign in: then somebody has changed the password, and the rotation says what to do.
        (true, _) => Next::Rotate,
        (false, false) => Next::EndSessions,
        (false, true) if may_be_second && current.username == leaked.username => Next::DiscardOldPassword,
        (false, true) => Next::Rotate,
    }
}

/// Whether these are the same credentials.
fn is_of(one: Holder<'_>, other: Holder<'_>) -> bool {
    one.username == other.username && one.password.expose() == other.password.expose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(holders: [(&str, &str, &str); 2], says: [bool; 2]) -> Next {
        next_while_pending(holders, says, false)
    }

    fn next_while_pending(
        [leaked, current]: [(&str, &str, &str); 2],
        [signs_in, may_be_second]: [bool; 2],
        is_pending: bool,
    ) -> Next {
        let owned = |(version, user, password): (&str, &str, &str)| {
            (VersionId(version.into()), Username(user.into()), Password::new(password.into()))
        };
        let (leaked, current) = (owned(leaked), owned(current));
        let holder = |of: &'static (VersionId, Username, Password)| Holder {
            version: &of.0,
            username: &of.1,
            password: &of.2,
        };
        next(State {
            leaked: holder(Box::leak(Box::new(leaked))),
            current: holder(Box::leak(Box::new(current))),
            signs_in,
            may_be_second,
            is_pending,
        })
    }

    #[test]
    fn each_strategy_comes_to_an_end() {
        let (app, clone) = (("1", "app", "leaked"), ("2", "app_clone", "b"));
        // Single user: before and after the rotation.
        assert_eq!(next_of([app, app], [true, false]), Next::Rotate);
        assert_eq!(next_of([app, ("2", "app", "b")], [false, false]), Next::EndSessions);
        // Alternating users: the other user is current in between.
        assert_eq!(next_of([app, clone], [true, false]), Next::Rotate);
        assert_eq!(next_of([app, clone], [true, true]), Next::Rotate);
        assert_eq!(next_of([app, ("3", "app", "c")], [false, false]), Next::EndSessions);
        // Dual password: it is the second one in between; without the privilege to discard it, another rotation does.
        assert_eq!(next_of([app, ("2", "app", "b")], [true, true]), Next::DiscardOldPassword);
        assert_eq!(next_of([app, ("2", "app", "b")], [true, false]), Next::Rotate);
    }

    #[test]
    fn a_leaked_version_that_is_pending_is_rotated_to_and_away_from() {
        let holders = || [("2", "app", "leaked"), ("1", "app", "a")];
        assert_eq!(next_of(holders(), [false, true]), Next::EndSessions);
        assert_eq!(next_while_pending(holders(), [false, true], true), Next::Rotate);
        assert_eq!(next_while_pending(holders(), [true, true], true), Next::Rotate);
    }

    #[test]
    fn what_applications_read_is_rotated_whether_it_signs_in_or_not() {
        let app = ("1", "app", "leaked");
        assert_eq!(next_of([app, app], [false, true]), Next::Rotate);
        // A person stored the same credentials again.
        assert_eq!(next_of([app, ("2", "app", "leaked")], [false, false]), Next::Rotate);
    }
}
