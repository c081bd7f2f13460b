//! setSecret under alternating users.

use crate::in_memory::{Engine, Environment, SUPERUSER_SECRET};
use crate::{Refusal, Stage, Step, Strategy};

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MySql];

fn created(engine: Engine) -> Environment {
    Environment::new(Strategy::AlternatingUsers, engine).created("v2")
}

/// Where the next turn is the base's.
fn at_the_bases_turn(engine: Engine) -> Environment {
    let environment = Environment::new(Strategy::AlternatingUsers, engine);
    environment.rotate_all("v2");
    environment.created("v3")
}

fn set(environment: &Environment, version: &str) {
    environment.run(Step::SetSecret, version).expect("setSecret");
    assert!(environment.signs_in(Stage::Pending) && environment.signs_in(Stage::Current));
}

#[test]
fn the_clone_is_made_with_the_rights_of_its_base_and_made_equal_again_later() {
    for engine in ENGINES {
        let environment = created(engine);
        set(&environment, "v2");
        let rights = |user| environment.server.account(user).expect("an account").rights;
        assert_eq!(rights("app_clone"), rights("app"));
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        environment.run(Step::SetSecret, "v2").expect("setSecret again");
        assert_eq!(rights("app_clone"), rights("app"));
    }
}

#[test]
fn of_the_base_only_the_password_changes() {
    for engine in ENGINES {
        let environment = at_the_bases_turn(engine);
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        let rights = environment.server.account("app").expect("app").rights;
        set(&environment, "v3");
        assert_eq!(environment.server.account("app").expect("app").rights, rights);
    }
}

#[test]
fn a_current_version_that_does_not_sign_in_brings_no_superuser() {
    for engine in ENGINES {
        let environment = created(engine);
        environment.server.change("app", |account| account.passwords = vec!["other".into()]);
        environment.store.remove(SUPERUSER_SECRET);
        let refusal = environment.refused(Step::SetSecret, "v2");
        assert!(matches!(refusal, Refusal::CurrentDoesNotSignIn { .. }), "{refusal:?}");
        environment.server.change("app", |account| {
            (account.passwords, account.is_expired) = (vec!["first".into()], true);
        });
        let refusal = environment.refused(Step::SetSecret, "v2");
        assert!(matches!(refusal, Refusal::CurrentDoesNotSignIn { .. }), "{refusal:?}");
    }
}

#[test]
fn what_the_application_would_lose_is_refused_before_anything_is_changed() {
    let environment = at_the_bases_turn(Engine::Postgres);
    environment.server.change("app_clone", |account| account.rights.insert("UPDATE".into()));
    let before = environment.server.account("app").expect("app").passwords;
    assert!(matches!(environment.refused(Step::SetSecret, "v3"), Refusal::Database { .. }));
    assert_eq!(environment.server.account("app").expect("app").passwords, before);
}

#[test]
fn what_the_clone_owns_is_reassigned_to_the_base_at_either_turn() {
    for (environment, version) in [
        (at_the_bases_turn(Engine::Postgres), "v3"),
        (Environment::new(Strategy::AlternatingUsers, Engine::Postgres).set("v2"), "v2"),
    ] {
        environment.server.change("app_clone", |account| account.owns = vec!["shop".into()]);
        set(&environment, version);
        assert_eq!(environment.server.account("app").expect("app").owns, ["shop"]);
        assert!(environment.server.account("app_clone").expect("a clone").owns.is_empty());
    }
}
