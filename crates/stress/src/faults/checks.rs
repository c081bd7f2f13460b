//! What must hold, after whatever happened. Each check answers what is wrong.

use std::collections::BTreeSet;

use super::subject::Subject;
use testbed::Application;

/// How a function rotates, as its binary's name ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// A user, and one password.
    SingleUser,
    /// A user and its clone.
    AlternatingUsers,
    /// A user, and two passwords.
    DualPassword,
}

impl Strategy {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleUser => "single user",
            Self::AlternatingUsers => "alternating users",
            Self::DualPassword => "dual password",
        }
    }

    /// That of the function of this name.
    #[must_use]
    pub fn of(function: &str) -> Self {
        match function.split_once('-').map_or(function, |(_, strategy)| strategy) {
            "single-user" => Self::SingleUser,
            "alternating-users" => Self::AlternatingUsers,
            "dual-password" => Self::DualPassword,
            other => panic!("{other} is no strategy"),
        }
    }
}

/// The version with this label.
pub(super) async fn holder<S: Subject>(application: &Application<'_, S>, label: &str) -> Option<String> {
    let labels = application.labels().await;
    labels.iter().find_map(|line| line.strip_prefix(label)?.strip_prefix(' ').map(String::from))
}

/// At any instant: law 1, and that who signs in has every right.
pub(super) async fn at_any_instant<S: Subject>(
    application: &Application<'_, S>,
    strategy: Strategy,
) -> Vec<String> {
    let mut wrong = Vec::new();
    // In the order in which they come to sign in and cease to: a password may be changed between two questions.
    let current = application.signs_in("AWSCURRENT").await;
    let kept = match strategy {
        Strategy::AlternatingUsers | Strategy::DualPassword => current,
        Strategy::SingleUser => {
            current || application.signs_in("AWSPENDING").await || application.signs_in("AWSPREVIOUS").await
        }
    };
    if !kept {
        wrong.push("law 1: no version signs in that has to".to_owned());
    }
    if strategy == Strategy::AlternatingUsers && application.signs_in("AWSPENDING").await {
        wrong.extend(has_every_right(application, "AWSPENDING").await);
    }
    wrong
}

/// When a rotation is complete: `version` replaced `old`.
pub(super) async fn completed<S: Subject>(
    application: &Application<'_, S>,
    strategy: Strategy,
    version: &str,
    old: Option<&str>,
) -> Vec<String> {
    let mut wrong = at_any_instant(application, strategy).await;
    if !application.signs_in("AWSCURRENT").await {
        wrong.push("AWSCURRENT does not sign in".to_owned());
    }
    if strategy != Strategy::SingleUser && !application.signs_in("AWSPREVIOUS").await {
        wrong.push("AWSPREVIOUS does not sign in, and applications may still use it".to_owned());
    }
    wrong.extend(labels(application, version, old).await);
    wrong.extend(has_every_right(application, "AWSCURRENT").await);
    wrong.extend(nothing_stray(application, strategy).await);
    wrong
}

async fn labels<S: Subject>(
    application: &Application<'_, S>,
    version: &str,
    old: Option<&str>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if holder(application, "AWSCURRENT").await.as_deref() != Some(version) {
        wrong.push("AWSCURRENT is not on the version that was rotated in".to_owned());
    }
    if holder(application, "AWSPREVIOUS").await.as_deref() != old {
        wrong.push("AWSPREVIOUS is not on the version that was current before".to_owned());
    }
    if holder(application, "AWSPENDING").await.is_some_and(|pending| pending != version) {
        wrong.push("AWSPENDING is on a version that is not current".to_owned());
    }
    wrong
}

/// The base is the truth; only a clone can lack something.
async fn has_every_right<S: Subject>(application: &Application<'_, S>, label: &str) -> Option<String> {
    let (app, server) = (&application.app, application.server);
    let user = application.credentials(label).await?.user;
    if user == app.user() {
        return None;
    }
    let (base, clone) = (server.rights_of(app, app.user()).await, server.rights_of(app, &user).await);
    let differ: Vec<_> = base.symmetric_difference(&clone).cloned().collect();
    (base.is_empty() || !differ.is_empty())
        .then(|| format!("{label} signs in as {user}, which differs from its base in: {}", differ.join("; ")))
}

async fn nothing_stray<S: Subject>(application: &Application<'_, S>, strategy: Strategy) -> Vec<String> {
    let (app, server) = (&application.app, application.server);
    let mut known = BTreeSet::from([app.user().to_owned()]);
    if strategy == Strategy::AlternatingUsers {
        known.insert(format!("{}_clone", app.user()));
    }
    let mut wrong = Vec::new();
    let users = server.users_of(app).await;
    if users != known {
        wrong.push(format!("there are the users {users:?}, and should be {known:?}"));
    }
    if !server.is_unlocked(app).await {
        wrong.push("the lock of a turn is still held".to_owned());
    }
    wrong
}
