//! Alternating users without a superuser.

use std::time::Duration;

use serde_json::json;

use super::cause;
use crate::in_memory::{APP_SECRET, Account, Engine, Environment};
use crate::{Cause, Refusal, Stage, Step};

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MySql];

fn created(engine: Engine) -> Environment {
    Environment::without_superuser(engine).created("v2")
}

fn passwords(environment: &Environment) -> [Vec<String>; 2] {
    ["app", "app_clone"].map(|user| environment.server.account(user).expect(user).passwords)
}

/// A refusal of setSecret, which has changed nobody's password.
fn refused(environment: &Environment, version: &str) -> Refusal {
    let before = passwords(environment);
    let refusal = environment.refused(Step::SetSecret, version);
    assert_eq!(passwords(environment), before);
    refusal
}

#[test]
fn the_two_users_take_turns_and_the_current_one_is_not_touched() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine);
        for (turn, next) in ["app_clone", "app", "app_clone", "app"].into_iter().enumerate() {
            let (user, password) = environment.stored(Stage::Current);
            let before = environment.server.account(&user).expect("an account");
            environment.rotate_all(&format!("t{turn}"));
            let after = environment.server.account(&user).expect("an account");
            assert_eq!((after.passwords, after.rights), (before.passwords, before.rights));
            assert_eq!(environment.stored(Stage::Previous), (user, password));
            assert_eq!(environment.stored(Stage::Current).0, next);
            assert!(environment.signs_in(Stage::Current) && environment.signs_in(Stage::Previous));
        }
    }
}

#[test]
fn a_secret_in_which_no_version_is_the_idle_users_is_refused_before_a_version_is_written() {
    let environment = Environment::without_superuser(Engine::Postgres);
    for (previous, said) in [
        (environment.alone("app", "older"), "AWSPREVIOUS is of app"),
        (
            environment.secret_with("app_clone", "idle", json!({"masterarn": null, "host": "other"})),
            "host of AWSPREVIOUS",
        ),
        (
            environment.secret_with("app_clone", "idle", json!({"masterarn": null, "port": 1})),
            "port of AWSPREVIOUS",
        ),
        (
            environment.secret_with("app_clone", "idle", json!({"masterarn": null, "ssl": false})),
            "ssl of AWSPREVIOUS",
        ),
        (json!("no object"), "not a database secret"),
    ] {
        for engine in ENGINES {
            let environment = Environment::without_superuser(engine);
            environment.store.change(APP_SECRET, |secret| secret.remove_version("v0"));
            environment.put(APP_SECRET, "v0b", &previous, &["AWSPREVIOUS"]);
            environment.begin("v2");
            let refusal = environment.refused(Step::CreateSecret, "v2");
            let text = refusal.to_string();
            assert!(matches!(refusal, Refusal::NoIdleUser { .. }) && text.contains(said), "{text}");
            assert!(text.contains("CREATE app_clone"), "{text}");
            let pending =
                environment.store.change(APP_SECRET, |secret| secret.value(Stage::Pending).is_some());
            assert!(!pending);
        }
    }
    let environment = Environment::without_superuser(Engine::Postgres);
    environment.store.change(APP_SECRET, |secret| secret.remove_version("v0"));
    environment.begin("v2");
    let text = environment.refused(Step::CreateSecret, "v2").to_string();
    assert!(text.contains("no AWSPREVIOUS version"), "{text}");
}

#[test]
fn a_host_is_the_same_in_other_letters() {
    let environment = Environment::without_superuser(Engine::Postgres);
    let fields = json!({"masterarn": null, "host": "DB."});
    environment.put(APP_SECRET, "x", &environment.secret_with("app_clone", "idle", fields), &["AWSPREVIOUS"]);
    environment.store.change(APP_SECRET, |secret| secret.remove_version("v0"));
    environment.rotate_all("v2");
    assert!(environment.signs_in(Stage::Current));
}

#[test]
fn a_displaced_previous_version_is_found_without_its_label() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine);
        environment.put(APP_SECRET, "x", &environment.alone("app", "older"), &["AWSPREVIOUS"]);
        environment.rotate_all("v2");
        assert_eq!(environment.stored(Stage::Current).0, "app_clone");
        assert!(environment.signs_in(Stage::Current));
    }
}

#[test]
fn the_password_of_an_abandoned_rotation_is_found() {
    for engine in ENGINES {
        let environment = created(engine).set("v2");
        environment.rotate_all("v3");
        assert!(environment.signs_in(Stage::Current) && environment.signs_in(Stage::Previous));
    }
}

#[test]
fn a_repeat_goes_on_after_the_previous_version_lost_its_label() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine).set("v2");
        environment.store.change(APP_SECRET, |secret| secret.remove_version("v0"));
        for step in Step::ALL {
            environment.run(step, "v2").expect("the rotation goes on");
        }
        assert!(environment.signs_in(Stage::Current));
    }
}

#[test]
fn an_idle_user_that_no_version_signs_in_as_is_refused() {
    for engine in ENGINES {
        let environment = created(engine);
        environment.server.change("app_clone", |account| account.passwords = vec!["strangers".into()]);
        let text = refused(&environment, "v2").to_string();
        assert!(text.contains("set the password of app_clone to AWSPREVIOUS's"), "{text}");
        environment
            .server
            .change("app_clone", |account| *account = Account { is_expired: true, ..Account::with("idle") });
        assert!(matches!(refused(&environment, "v2"), Refusal::IdleUserDoesNotSignIn { .. }));
        environment.put(APP_SECRET, "x", &environment.alone("app", "older"), &["AWSPREVIOUS"]);
        let text = refused(&environment, "v2").to_string();
        assert!(text.contains("--version-stages AWSPREVIOUS"), "{text}");
    }
}

#[test]
fn versions_of_the_idle_user_that_were_not_tried_are_named() {
    let environment = created(Engine::Postgres);
    environment.server.change("app_clone", |account| account.passwords = vec!["strangers".into()]);
    for number in 1..=12 {
        let value = environment.alone("app_clone", &format!("p{number}"));
        environment.put(APP_SECRET, &format!("a{number}"), &value, &[]);
    }
    let Refusal::IdleUserDoesNotSignIn { untried, .. } = refused(&environment, "v2") else {
        panic!("another refusal")
    };
    // Four sign-ins beside the one with AWSCURRENT; one more version is `app`'s first, which is not read.
    assert_eq!(untried.len(), 12 - 2 + 1);
}

#[test]
fn a_clone_that_differs_is_refused_and_a_base_that_has_more_is_not() {
    for engine in ENGINES {
        let environment = created(engine);
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        assert!(matches!(refused(&environment, "v2"), Refusal::Database { .. }));
        environment.server.change("app_clone", |account| account.rights.insert("UPDATE".into()));
        environment.run(Step::SetSecret, "v2").expect("setSecret");

        let environment = Environment::without_superuser(engine);
        environment.rotate_all("v2");
        environment.begin("v3");
        environment.run(Step::CreateSecret, "v3").expect("createSecret");
        environment.server.change("app_clone", |account| account.rights.insert("DELETE".into()));
        assert!(matches!(refused(&environment, "v3"), Refusal::Database { .. }));
        environment.server.change("app", |account| {
            account.rights.extend(["DELETE".into(), "UPDATE".into()]);
        });
        environment.run(Step::SetSecret, "v3").expect("setSecret");
    }
}

#[test]
fn a_user_that_may_not_change_its_own_password_is_refused() {
    for engine in ENGINES {
        let environment = created(engine);
        environment.server.change("app_clone", |account| account.is_barred = true);
        assert!(matches!(refused(&environment, "v2"), Refusal::NoSuperuser { .. }));
    }
}

#[test]
fn where_the_users_see_themselves_only_the_current_one_has_to_sign_in() {
    let environment = created(Engine::MySql);
    environment.server.change("app", |account| account.passwords = vec!["by hand".into()]);
    assert!(matches!(refused(&environment, "v2"), Refusal::CurrentDoesNotSignIn { .. }));
}

#[test]
fn a_locked_idle_user_is_not_tried_again() {
    let environment = created(Engine::MySql);
    environment.server.change("app_clone", |account| account.is_locked = true);
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::Locked);
}

#[test]
fn what_the_clone_owns_is_reassigned_to_the_base_at_either_turn() {
    let environment = created(Engine::Postgres);
    environment.server.change("app_clone", |account| account.owns = vec!["shop".into()]);
    environment.run(Step::SetSecret, "v2").expect("setSecret");
    assert_eq!(environment.server.account("app").expect("app").owns, ["shop"]);
    let environment = Environment::without_superuser(Engine::Postgres);
    environment.rotate_all("v2");
    environment.server.change("app_clone", |account| account.owns = vec!["shop".into()]);
    environment.rotate_all("v3");
    assert_eq!(environment.server.account("app").expect("app").owns, ["shop"]);
}

#[test]
fn a_test_without_a_rotation_says_what_the_next_one_would_be_refused_for() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine);
        let probe = |environment: &Environment| {
            let copy = environment.stored(Stage::Current);
            environment.put(APP_SECRET, "probe", &environment.alone(&copy.0, &copy.1), &["AWSPENDING"]);
            environment.run(Step::TestSecret, "probe")
        };
        probe(&environment).expect("the two users are equal");
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        probe(&environment).expect_err("the clone lacks a right");
    }
}

#[test]
fn a_rotation_is_not_stopped_by_what_the_next_one_would_be_refused_for() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine);
        environment.rotate_all("v2");
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        environment.rotate_all("v3");
        assert_eq!(environment.stored(Stage::Current).0, "app");
    }
}

/// Another rotation runs through all steps while one that was given up is under way.
fn newer(environment: &Environment) {
    environment.store.change(APP_SECRET, |secret| secret.unlabel("v2"));
    environment.rotate_all("v3");
}

#[test]
fn a_test_without_a_rotation_shows_no_statement_for_an_account_that_nobody_signed_in_as() {
    for engine in ENGINES {
        let environment = Environment::without_superuser(engine);
        environment.store.change(APP_SECRET, |secret| secret.remove_version("v0"));
        environment.server.change("app_clone", |account| {
            account.passwords = vec!["strangers".into()];
            account.rights.clear();
        });
        environment.put(APP_SECRET, "probe", &environment.alone("app", "first"), &["AWSPENDING"]);
        let refusal = environment.refused(Step::TestSecret, "probe");
        assert!(matches!(refusal, Refusal::NoIdleUser { .. }), "{refusal:?}");
    }
}

#[test]
fn a_late_step_tells_nobody_to_change_awscurrents_password() {
    let environment = created(Engine::Postgres);
    let late = environment.run_with(Step::SetSecret, "v2", 3, newer).expect_err("it was given up");
    let text = std::error::Error::source(&late).expect("a refusal").to_string();
    assert!(text.contains("is not AWSPENDING") || text.contains("v2 has no label"), "{text}");
    assert!(environment.signs_in(Stage::Current));
}

#[test]
fn a_slow_step_looks_at_the_labels_again_before_it_changes_a_password() {
    // After one more the password is being changed.
    for polls in 0..=4 {
        let environment = created(Engine::Postgres);
        let late = environment.run_with(Step::SetSecret, "v2", polls, |environment| {
            newer(environment);
            environment.clock.advance(Duration::from_secs(3));
        });
        late.expect_err("it was given up");
        assert!(environment.signs_in(Stage::Current), "after {polls} polls");
    }
}

#[test]
fn a_label_that_a_person_moves_back_ends_a_slow_step() {
    for polls in 2..=4 {
        let environment = created(Engine::Postgres);
        let late = environment.run_with(Step::SetSecret, "v2", polls, |environment| {
            environment.store.change(APP_SECRET, |secret| {
                secret.label("v1b", "AWSPREVIOUS");
                secret.label("v0", "AWSCURRENT");
            });
            environment.clock.advance(Duration::from_secs(3));
        });
        late.expect_err("AWSCURRENT has moved");
        assert!(environment.signs_in(Stage::Current), "after {polls} polls");
    }
}
