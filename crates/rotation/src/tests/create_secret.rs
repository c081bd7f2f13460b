//! createSecret.

use std::time::Duration;

use serde_json::json;

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Cause, Refusal, Stage, Step, Strategy};

fn begun(strategy: Strategy) -> Environment {
    let environment = Environment::new(strategy, Engine::MySql);
    environment.begin("v2");
    environment
}

/// Another current version than the first.
fn begun_with(strategy: Strategy, user: &str, fields: serde_json::Value) -> Environment {
    let environment = begun(strategy);
    let value = environment.secret_with(user, "first", fields);
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    environment
}

#[test]
fn the_pending_version_is_of_the_next_user_with_another_password() {
    for (strategy, user) in [
        (Strategy::SingleUser, "app"),
        (Strategy::DualPassword, "app"),
        (Strategy::AlternatingUsers, "app_clone"),
    ] {
        let environment = begun(strategy);
        environment.run(Step::CreateSecret, "v2").expect("createSecret");
        let (pending, password) = environment.stored(Stage::Pending);
        assert_eq!(pending, user);
        assert_ne!(password, "first");
    }
}

#[test]
fn a_value_that_somebody_else_wrote_meanwhile_stays() {
    let environment = begun(Strategy::SingleUser);
    let theirs = environment.secret("app", "theirs");
    let put = |environment: &Environment| environment.put(APP_SECRET, "v2", &theirs, &["AWSPENDING"]);
    environment.run_with(Step::CreateSecret, "v2", 2, put).expect("createSecret");
    assert_eq!(environment.stored(Stage::Pending).1, "theirs");
}

#[test]
fn a_label_that_was_moved_to_an_old_version_is_refused() {
    let environment = Environment::new(Strategy::SingleUser, Engine::MySql);
    environment.put(APP_SECRET, "v2", &environment.secret("app", "second"), &["AWSCURRENT"]);
    environment.begin("v1");
    assert!(matches!(environment.refused(Step::CreateSecret, "v1"), Refusal::OldVersion { .. }));
}

#[test]
fn a_current_version_without_a_value_is_none() {
    let environment = begun(Strategy::SingleUser);
    environment.store.change(APP_SECRET, |secret| secret.label("empty", "AWSCURRENT"));
    assert!(matches!(environment.refused(Step::CreateSecret, "v2"), Refusal::NoCurrent));
}

#[test]
fn a_current_version_that_cannot_be_read_is_refused() {
    let environment = begun(Strategy::SingleUser);
    environment.put_text(APP_SECRET, "v1b", "no JSON", &["AWSCURRENT"]);
    assert!(matches!(environment.refused(Step::CreateSecret, "v2"), Refusal::Secret { .. }));
}

#[test]
fn a_name_that_is_too_long_is_refused_for_either_user() {
    let is_refused = |environment: &Environment| {
        let refusal = environment.refused(Step::CreateSecret, "v2");
        assert!(matches!(refusal, Refusal::UsernameNotAllowed { .. }), "{refusal:?}");
    };
    is_refused(&begun_with(Strategy::SingleUser, &"x".repeat(64), json!({})));
    is_refused(&begun_with(Strategy::AlternatingUsers, &"x".repeat(60), json!({})));
    let mut environment = begun(Strategy::AlternatingUsers);
    environment.username_limit = Some(8);
    is_refused(&environment);
    environment.username_limit = Some(9);
    environment.run(Step::CreateSecret, "v2").expect("nine characters are enough for app_clone");
}

#[test]
fn a_superuser_is_refused_without_tls() {
    let environment = begun_with(Strategy::AlternatingUsers, "app", json!({"ssl": false}));
    assert!(matches!(environment.refused(Step::CreateSecret, "v2"), Refusal::SuperuserNeedsTls));
    for fields in [json!({"masterarn": null}), json!({"ssl": false})] {
        let environment = begun_with(Strategy::SingleUser, "app", fields);
        environment.run(Step::CreateSecret, "v2").expect("no superuser is needed");
    }
}

#[test]
fn a_value_that_secrets_manager_would_not_take_is_refused() {
    let environment = begun_with(Strategy::SingleUser, "app", json!({"own": "x".repeat(65_500)}));
    assert!(matches!(environment.refused(Step::CreateSecret, "v2"), Refusal::TooLong { .. }));
}

#[test]
fn a_throttled_write_is_tried_again_while_there_is_time() {
    let environment = begun(Strategy::SingleUser);
    environment.store.throttle(Duration::from_secs(20));
    environment.run(Step::CreateSecret, "v2").expect("createSecret");
    assert!(environment.clock.now() >= Duration::from_secs(20));

    let environment = begun(Strategy::SingleUser);
    environment.store.throttle(Duration::from_secs(600));
    assert_eq!(cause(environment.run(Step::CreateSecret, "v2")), Cause::Throttled);
    let ended = environment.clock.now();
    assert!(ended > Duration::from_secs(50) && ended <= Duration::from_secs(54), "{ended:?}");
}

#[test]
fn a_secret_that_is_gone_is_named_as_that() {
    let environment = begun(Strategy::SingleUser);
    assert!(matches!(environment.refused(Step::CreateSecret, "v3"), Refusal::UnknownVersion { .. }));
    environment.store.remove(APP_SECRET);
    assert_eq!(cause(environment.run(Step::CreateSecret, "v2")), Cause::SecretNotFound);
}
