//! What shows that an account which exists is the other of two users.

use super::cause;
use crate::in_memory::{ADMIN, APP_SECRET, Account, Engine, Environment};
use crate::{Cause, Refusal, Stage, Step, Strategy, Username};

/// An account of the clone's name, with this password, that somebody else made.
fn with_a_clone(engine: Engine, password: &str) -> Environment {
    let environment = Environment::new(Strategy::AlternatingUsers, engine).created("v2");
    let grantor = Some(Username("somebody".into()));
    environment.server.change("app_clone", |clone| *clone = Account { grantor, ..Account::with(password) });
    environment
}

fn set(environment: &Environment) {
    environment.run(Step::SetSecret, "v2").expect("setSecret");
    assert!(environment.signs_in(Stage::Pending) && environment.signs_in(Stage::Current));
}

fn untried(environment: &Environment) -> Vec<String> {
    let before = environment.server.account("app_clone").expect("a clone").passwords;
    let refusal = environment.refused(Step::SetSecret, "v2");
    assert_eq!(environment.server.account("app_clone").expect("a clone").passwords, before);
    let Refusal::NotTheOtherUser { untried, .. } = refusal else { panic!("{refusal:?}") };
    untried.into_iter().map(|version| version.0).collect()
}

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MySql];

#[test]
fn an_account_of_the_clones_name_is_refused_without_evidence() {
    for engine in ENGINES {
        assert_eq!(untried(&with_a_clone(engine, "strangers")), [""; 0]);
    }
}

#[test]
fn a_strangers_account_brings_no_superuser_to_a_server_where_users_see_each_other() {
    let environment = with_a_clone(Engine::Postgres, "strangers");
    environment.server.drop_account(ADMIN);
    assert_eq!(untried(&environment), [""; 0]);
}

#[test]
fn the_previous_the_pending_and_an_unlabelled_version_are_evidence() {
    for engine in ENGINES {
        for (version, label) in [("v0", Some("AWSPREVIOUS")), ("a1", None)] {
            let environment = with_a_clone(engine, "older");
            let value = environment.secret("app_clone", "older");
            environment.put(APP_SECRET, version, &value, label.as_slice());
            set(&environment);
        }
        let environment = with_a_clone(engine, "strangers");
        let pending = environment.stored(Stage::Pending).1;
        environment.server.change("app_clone", |clone| clone.passwords = vec![pending]);
        set(&environment);
    }
}

#[test]
fn a_version_of_the_outgoing_user_is_no_evidence() {
    for engine in ENGINES {
        let environment = with_a_clone(engine, "first");
        environment.put(APP_SECRET, "v0", &environment.secret("app", "first"), &["AWSPREVIOUS"]);
        environment.put(APP_SECRET, "a1", &environment.secret("app", "first"), &[]);
        assert_eq!(untried(&environment), [""; 0]);
    }
}

#[test]
fn versions_that_were_not_tried_are_named() {
    let environment = with_a_clone(Engine::Postgres, "strangers");
    for number in 1..=12 {
        let value = environment.secret("app_clone", &format!("p{number}"));
        environment.put(APP_SECRET, &format!("a{number}"), &value, &[]);
    }
    // AWSCURRENT and the pending version have spent two sign-ins of five; ten versions are read.
    assert_eq!(untried(&environment), ["a9", "a8", "a7", "a6", "a5", "a4", "a3", "a2", "a1"]);
    let environment = with_a_clone(Engine::MySql, "strangers");
    for number in 1..=12 {
        let value = environment.secret("app_clone", &format!("p{number}"));
        environment.put(APP_SECRET, &format!("a{number}"), &value, &[]);
    }
    assert_eq!(untried(&environment), ["a2", "a1"]);
}

#[test]
fn a_locked_account_and_an_expired_password_are_evidence_as_well() {
    for engine in ENGINES {
        for (is_locked, is_expired) in [(true, false), (false, true)] {
            let environment = with_a_clone(engine, "older");
            environment.put(APP_SECRET, "v0", &environment.secret("app_clone", "older"), &["AWSPREVIOUS"]);
            environment.server.change("app_clone", |clone| {
                (clone.is_locked, clone.is_expired) = (is_locked, is_expired);
            });
            set(&environment);
        }
    }
}

#[test]
fn a_sign_in_that_fails_is_no_answer() {
    let environment = with_a_clone(Engine::Postgres, "older");
    environment.put(APP_SECRET, "v0", &environment.secret("app_clone", "older"), &["AWSPREVIOUS"]);
    environment.server.change("app_clone", |clone| clone.is_full = true);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::TooManyConnections);
}

#[test]
fn a_membership_that_the_superuser_granted_is_evidence_unless_it_acts_as_another_role() {
    let environment = with_a_clone(Engine::Postgres, "unknown");
    environment.server.change("app_clone", |clone| clone.grantor = Some(Username(ADMIN.into())));
    set(&environment);

    let environment = with_a_clone(Engine::Postgres, "older");
    environment.server.change("app_clone", |clone| clone.grantor = Some(Username(ADMIN.into())));
    environment.server.change(ADMIN, |admin| admin.acts_as = Some(Username("team".into())));
    assert_eq!(untried(&environment), [""; 0]);
    environment.put(APP_SECRET, "v0", &environment.secret("app_clone", "older"), &["AWSPREVIOUS"]);
    set(&environment);
}
