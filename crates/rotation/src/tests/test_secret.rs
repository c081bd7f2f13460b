//! testSecret.

use std::time::Duration;

use serde_json::json;

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Cause, Refusal, Step, Strategy};

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MySql];

fn alternating(engine: Engine) -> Environment {
    Environment::new(Strategy::AlternatingUsers, engine).set("v2")
}

/// `RotateImmediately=false`: the pending version is a copy of the current one.
fn probe(strategy: Strategy, engine: Engine) -> Environment {
    let environment = Environment::new(strategy, engine);
    environment.put(APP_SECRET, "v2", &environment.secret("app", "first"), &["AWSPENDING"]);
    environment
}

/// A secret whose host is a replica.
fn on_a_replica(strategy: Strategy, lag: Duration) -> Environment {
    let environment = Environment::new(strategy, Engine::MySql);
    environment.server.add_replica("reader", lag);
    let value = environment.secret_with("app", "first", json!({"host": "reader"}));
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    environment.clock.advance(lag);
    environment
}

fn test(environment: &Environment) {
    environment.run(Step::TestSecret, "v2").expect("testSecret");
}

#[test]
fn a_password_that_was_not_set_is_rejected() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres).created("v2");
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
}

#[test]
fn an_expired_password_is_named_as_that() {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres).set("v2");
    environment.server.change("app", |account| account.is_expired = true);
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::PasswordExpired);
}

#[test]
fn a_clone_that_is_not_equal_to_its_base_fails() {
    for engine in ENGINES {
        let environment = alternating(engine);
        test(&environment);
        environment.server.change("app_clone", |account| account.rights.insert("UPDATE".into()));
        assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::PrivilegesDiffer);
        environment.server.change("app_clone", |account| account.rights.clear());
        assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::PrivilegesDiffer);
    }
}

#[test]
fn a_base_may_have_more_than_its_clone() {
    for engine in ENGINES {
        let environment = Environment::new(Strategy::AlternatingUsers, engine);
        environment.rotate_all("v2");
        let environment = environment.set("v3");
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        environment.run(Step::TestSecret, "v3").expect("testSecret");
    }
}

#[test]
fn a_probe_passes_with_differences_that_a_rotation_would_repair() {
    for engine in ENGINES {
        for strategy in [Strategy::SingleUser, Strategy::AlternatingUsers] {
            test(&probe(strategy, engine));
        }
    }
    // The current user is the clone here, and lacks rights.
    let environment = Environment::new(Strategy::AlternatingUsers, Engine::Postgres);
    environment.rotate_all("v2");
    environment.server.change("app_clone", |account| account.rights.clear());
    let (user, password) = environment.stored(crate::Stage::Current);
    environment.put(APP_SECRET, "v3", &environment.secret(&user, &password), &["AWSPENDING"]);
    environment.run(Step::TestSecret, "v3").expect("testSecret");
}

#[test]
fn a_probe_of_a_password_that_does_not_sign_in_fails() {
    let environment = probe(Strategy::SingleUser, Engine::Postgres);
    environment.server.change("app", |account| account.passwords.clear());
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
}

#[test]
fn an_outgoing_user_that_does_not_sign_in_fails_where_it_has_to_be_asked() {
    let environment = alternating(Engine::MySql);
    environment.server.change("app", |account| account.is_expired = true);
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
    environment.server.change("app", |account| account.passwords.clear());
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
}

#[test]
fn an_outgoing_user_of_another_server_is_not_signed_in() {
    let environment = alternating(Engine::MySql);
    let value = environment.secret_with("app", "first", json!({"own": "changed"}));
    environment.put(APP_SECRET, "v1b", &value, &["AWSCURRENT"]);
    assert!(matches!(environment.refused(Step::TestSecret, "v2"), Refusal::FieldDiffers { .. }));
}

#[test]
fn a_replica_that_lags_is_waited_for() {
    let environment = on_a_replica(Strategy::AlternatingUsers, Duration::from_secs(20)).set("v2");
    let before = environment.clock.now();
    test(&environment);
    assert_eq!(environment.clock.now() - before, Duration::from_secs(20));
}

#[test]
fn a_replica_that_lags_for_too_long_is_named_as_that_before_the_deadline() {
    let environment = on_a_replica(Strategy::AlternatingUsers, Duration::from_secs(50)).set("v2");
    let before = environment.clock.now();
    assert!(before >= Duration::from_secs(50));
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::ReplicaLag);
    let waited = environment.clock.now() - before;
    assert!(
        waited >= Duration::from_secs(5) && environment.clock.now() < Duration::from_secs(57),
        "{waited:?}"
    );
}

#[test]
fn a_replica_is_not_waited_for_where_nothing_says_that_it_is_one() {
    // Single user: AWSCURRENT does not sign in once the replica has caught up.
    let environment = on_a_replica(Strategy::SingleUser, Duration::ZERO);
    let environment = environment.created("v2");
    environment.server.change("app", |account| account.passwords = vec!["other".into()]);
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
    // AWSCURRENT is for another server by now.
    let environment = on_a_replica(Strategy::AlternatingUsers, Duration::from_secs(20)).set("v2");
    environment.put(APP_SECRET, "v1c", &environment.secret("app", "first"), &["AWSCURRENT"]);
    assert_eq!(cause(environment.run(Step::TestSecret, "v2")), Cause::SignInRefused);
}
