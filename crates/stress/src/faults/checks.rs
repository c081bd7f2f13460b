//! What must hold after every attempt. Each check returns a description of each violation.

use std::collections::BTreeSet;

use rotation::Strategy;

use super::subject::Subject;
use testbed::Application;

/// The version with this label.
pub(super) async fn holder<S: Subject>(application: &Application<'_, S>, label: &str) -> Option<String> {
    let labels = application.labels().await;
    labels.iter().find_map(|line| line.strip_prefix(label)?.strip_prefix(' ').map(String::from))
}

/// What must hold at any instant: law 1, and that a clone that signs in has every privilege of its base.
pub(super) async fn at_any_instant<S: Subject>(
    application: &Application<'_, S>,
    strategy: Strategy,
) -> Vec<String> {
    let mut wrong = Vec::new();
    // In this order, because a password may change between two sign-ins.
    let current = application.signs_in("AWSCURRENT").await;
    let kept = match strategy {
        Strategy::AlternatingUsers | Strategy::DualPassword => current,
        Strategy::SingleUser => {
            current || application.signs_in("AWSPENDING").await || application.signs_in("AWSPREVIOUS").await
        }
    };
    if !kept {
        wrong.push("law 1: no version signs in of those that must".to_owned());
    }
    if strategy == Strategy::AlternatingUsers && application.signs_in("AWSPENDING").await {
        wrong.extend(equals_its_base(application, "AWSPENDING").await);
    }
    wrong
}

/// What must hold when a rotation is complete, in which `version` replaced `old`.
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
    wrong.extend(equals_its_base(application, "AWSCURRENT").await);
    wrong.extend(no_remains(application, strategy).await);
    wrong
}

async fn labels<S: Subject>(
    application: &Application<'_, S>,
    version: &str,
    old: Option<&str>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if holder(application, "AWSCURRENT").await.as_deref() != Some(version) {
        wrong.push("AWSCURRENT is not on the version of this rotation".to_owned());
    }
    if holder(application, "AWSPREVIOUS").await.as_deref() != old {
        wrong.push("AWSPREVIOUS is not on the version that was current before".to_owned());
    }
    if holder(application, "AWSPENDING").await.is_some_and(|pending| pending != version) {
        wrong.push("AWSPENDING is on a version that is not current".to_owned());
    }
    wrong
}

/// The clone must equal its base.
async fn equals_its_base<S: Subject>(application: &Application<'_, S>, label: &str) -> Option<String> {
    let (app, server) = (&application.app, application.server);
    let user = application.credentials(label).await?.user;
    if user == app.user() {
        return None;
    }
    let (base, clone) = (server.privileges_of(app, app.user()).await, server.privileges_of(app, &user).await);
    let differ: Vec<_> = base.symmetric_difference(&clone).cloned().collect();
    (base.is_empty() || !differ.is_empty())
        .then(|| format!("{label} signs in as {user}, which differs from its base in: {}", differ.join("; ")))
}

async fn no_remains<S: Subject>(application: &Application<'_, S>, strategy: Strategy) -> Vec<String> {
    let (app, server) = (&application.app, application.server);
    let mut known = BTreeSet::from([app.user().to_owned()]);
    if strategy == Strategy::AlternatingUsers {
        known.insert(format!("{}_clone", app.user()));
    }
    let mut wrong = Vec::new();
    let users = server.users_of(app).await;
    if users != known {
        wrong.push(format!("the server has the users {users:?} instead of {known:?}"));
    }
    if !server.is_unlocked(app).await {
        wrong.push("the lock of an alternation is still held".to_owned());
    }
    wrong
}
