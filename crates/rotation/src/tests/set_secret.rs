//! setSecret where the user sets its own password: single user and dual password.

use serde_json::json;

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment, SUPERUSER_SECRET};
use crate::{Cause, Refusal, Stage, Step, Strategy};

fn created(strategy: Strategy) -> Environment {
    Environment::new(strategy, Engine::MySql).created("v2")
}

/// Of a database that has the password of another version than AWSCURRENT.
fn created_beside(password: &str) -> Environment {
    let environment = created(Strategy::SingleUser);
    environment.server.change("app", |account| account.passwords = vec![password.into()]);
    environment
}

fn set(environment: &Environment) {
    environment.run(Step::SetSecret, "v2").expect("setSecret");
    assert!(environment.signs_in(Stage::Pending));
}

fn untried(environment: &Environment) -> Vec<String> {
    let refusal = environment.refused(Step::SetSecret, "v2");
    let Refusal::NoVersionSignsIn { untried, .. } = refusal else { panic!("{refusal:?}") };
    untried.into_iter().map(|version| version.0).collect()
}

#[test]
fn single_user_discards_the_old_password_and_dual_password_retains_it() {
    for (strategy, retained) in [(Strategy::SingleUser, false), (Strategy::DualPassword, true)] {
        let environment = created(strategy);
        set(&environment);
        assert_eq!(environment.signs_in(Stage::Current), retained);
    }
}

#[test]
fn a_pending_version_for_another_user_or_server_is_refused() {
    let with = |user: &str, fields| {
        let environment = Environment::new(Strategy::SingleUser, Engine::MySql);
        environment.begin("v2");
        let pending = environment.secret_with(user, "second", fields);
        environment.put(APP_SECRET, "v2", &pending, &["AWSPENDING"]);
        environment.refused(Step::SetSecret, "v2")
    };
    assert!(matches!(with("app", json!({"host": "reader"})), Refusal::FieldDiffers { .. }));
    assert!(matches!(with("other", json!({})), Refusal::WrongUser { .. }));
    assert!(matches!(with(&"x".repeat(64), json!({})), Refusal::UsernameNotAllowed { .. }));
}

#[test]
fn after_an_attempt_that_got_through_the_pending_password_signs_in_and_the_change_is_finished() {
    let environment = created(Strategy::SingleUser);
    let pending = environment.stored(Stage::Pending).1;
    environment.server.change("app", |account| account.passwords = vec![pending.clone(), "stray".into()]);
    set(&environment);
    assert_eq!(environment.server.account("app").expect("app").passwords, [pending]);
}

#[test]
fn the_previous_version_is_tried_where_current_and_pending_are_rejected() {
    let environment = created_beside("older");
    environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
    set(&environment);
}

#[test]
fn a_previous_version_of_another_user_or_server_or_none_of_ours_is_passed_over() {
    for value in [
        r#"{"engine":"memory","host":"db","username":"other","password":"older"}"#,
        r#"{"engine":"memory","host":"elsewhere","username":"app","password":"older"}"#,
        r#"{"engine":"memory","host":"db","port":5433,"username":"app","password":"older"}"#,
        r#"{"engine":"other","host":"db","username":"app","password":"older"}"#,
        "no JSON",
    ] {
        let environment = created_beside("older");
        environment.server.change("other", |account| *account = crate::in_memory::Account::with("older"));
        environment.put_text(APP_SECRET, "v0", value, &["AWSPREVIOUS"]);
        assert_eq!(untried(&environment), [""; 0], "{value}");
    }
}

#[test]
fn a_version_without_a_label_is_tried_last_and_one_without_a_value_never() {
    let environment = created_beside("abandoned");
    environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
    environment.put(APP_SECRET, "a1", &environment.secret("app", "abandoned"), &[]);
    environment.put_text(APP_SECRET, "a2", "no JSON", &[]);
    environment.store.change(APP_SECRET, |secret| {
        secret.label("a3", "mine");
        secret.unlabel("a3");
    });
    set(&environment);
}

#[test]
fn a_password_is_tried_once_and_five_at_the_most() {
    let environment = created_beside("unknown");
    environment.put(APP_SECRET, "v0", &environment.secret("app", "first"), &["AWSPREVIOUS"]);
    for (version, password) in [("a1", "p1"), ("a2", "p2"), ("a3", "p3"), ("a4", "p3"), ("a5", "p5")] {
        environment.put(APP_SECRET, version, &environment.secret("app", password), &[]);
    }
    // Two sign-ins are spent; of the newest p5, p3 and p2 are tried, p3 of a3 again is not, and p1 is left.
    assert_eq!(untried(&environment), ["a1"]);
    environment.server.change("app", |account| account.passwords = vec!["p2".into()]);
    set(&environment);
}

#[test]
fn ten_versions_without_a_label_are_read_and_the_others_named() {
    let environment = created_beside("unknown");
    for number in 1..=12 {
        let value = environment.secret("app", "first");
        environment.put(APP_SECRET, &format!("a{number}"), &value, &[]);
    }
    assert_eq!(untried(&environment), ["a2", "a1"]);
}

#[test]
fn a_role_that_may_not_list_versions_gets_the_refusal_without_them() {
    let environment = created_beside("abandoned");
    environment.put(APP_SECRET, "a1", &environment.secret("app", "abandoned"), &[]);
    environment.store.change(APP_SECRET, |secret| secret.listing_fails = Some(Cause::AccessDenied));
    assert_eq!(untried(&environment), [""; 0]);
    environment.store.change(APP_SECRET, |secret| secret.listing_fails = Some(Cause::SecretsManager));
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::SecretsManager);
}

#[test]
fn an_expired_password_proves_the_user_and_the_superuser_sets_the_next_one() {
    for used in [Stage::Current, Stage::Pending, Stage::Previous] {
        let environment = created(Strategy::SingleUser);
        environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
        let password = environment.stored(used).1;
        environment.server.change("app", |account| {
            (account.passwords, account.is_expired) = (vec![password], true);
        });
        set(&environment);
        assert!(!environment.server.account("app").expect("app").is_expired);
    }
}

#[test]
fn an_expired_password_is_refused_where_the_user_alone_could_set_another_beside_it() {
    let environment = created(Strategy::DualPassword);
    environment.server.change("app", |account| account.is_expired = true);
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::ExpiredAlone { .. }));
}

#[test]
fn the_superuser_sets_the_password_of_a_user_that_may_not() {
    for password in ["first", "older"] {
        let environment = created_beside(password);
        environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
        environment.server.change("app", |account| account.is_barred = true);
        set(&environment);
    }
}

#[test]
fn a_user_that_may_not_and_has_no_superuser_is_refused() {
    let environment = Environment::new(Strategy::SingleUser, Engine::MySql);
    let value = environment.secret_with("app", "first", json!({"masterarn": null}));
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    let environment = environment.created("v2");
    environment.server.change("app", |account| account.is_barred = true);
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::NoSuperuser { .. }));
    assert!(environment.signs_in(Stage::Current));
}

#[test]
fn no_superuser_is_asked_before_a_version_has_signed_in() {
    let environment = created_beside("unknown");
    environment.server.change("app", |account| account.is_barred = true);
    environment.store.remove(SUPERUSER_SECRET);
    assert_eq!(untried(&environment), [""; 0]);
}

#[test]
fn a_locked_account_is_a_failure_and_no_rejection() {
    let environment = created(Strategy::SingleUser);
    environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
    environment.server.change("app", |account| account.is_locked = true);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::Locked);
}
