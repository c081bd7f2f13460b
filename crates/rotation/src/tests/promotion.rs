//! setSecret that makes the version current.

use std::time::Duration;

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment, Unavailable};
use crate::{Cause, Error, Refusal, Stage, Step, Strategy};

fn created() -> Environment {
    Environment::new(Strategy::SingleUser, Engine::MySql).promoting_in_set_secret().created("v2")
}

fn is_promoted(environment: &Environment) -> bool {
    environment.current_version() == "v2" && environment.signs_in(Stage::Current)
}

fn promotes(environment: &Environment) {
    environment.run(Step::SetSecret, "v2").expect("setSecret");
    assert!(is_promoted(environment));
}

#[test]
fn set_secret_alone_makes_the_version_current_and_the_steps_after_it_change_nothing() {
    let environment = created();
    let (current, pending) = (environment.stored(Stage::Current), environment.stored(Stage::Pending));
    promotes(&environment);
    for step in [Step::TestSecret, Step::FinishSecret] {
        let labels = (environment.stored(Stage::Previous), environment.stored(Stage::Current));
        assert_eq!(labels, (current.clone(), pending.clone()), "before {step}");
        environment.run(step, "v2").unwrap_or_else(|error| panic!("{step}: {error:?}"));
    }
    assert!(is_promoted(&environment));
}

#[test]
fn whichever_version_sets_the_password_the_pending_one_becomes_current() {
    for signs_in in ["first", "pending", "older", "abandoned"] {
        for (is_barred, is_expired) in [(false, false), (true, false), (false, true)] {
            let environment = created();
            environment.put(APP_SECRET, "v0", &environment.secret("app", "older"), &["AWSPREVIOUS"]);
            environment.put(APP_SECRET, "a1", &environment.secret("app", "abandoned"), &[]);
            let pending = environment.stored(Stage::Pending).1;
            let password = if signs_in == "pending" { pending } else { signs_in.to_owned() };
            environment.server.change("app", |account| {
                account.passwords = vec![password];
                (account.is_barred, account.is_expired) = (is_barred, is_expired);
            });
            promotes(&environment);
        }
    }
}

#[test]
fn a_password_that_is_not_set_promotes_nothing() {
    let environment = created();
    environment.server.change("app", |account| account.passwords = vec!["unknown".into()]);
    assert!(matches!(environment.refused(Step::SetSecret, "v2"), Refusal::NoVersionSignsIn { .. }));
    assert_eq!(environment.current_version(), "v1");
}

/// Runs setSecret while somebody changes the account after every number of polls in turn, from before its first call to after
/// its last. Returns what each ended with.
fn meanwhile(act: impl Fn(&Environment)) -> Vec<(Environment, Result<(), Error>)> {
    // The reads, all at once, a sign-in, the change, a sign-in, the move.
    let polls = 0..=5;
    let run = |polls| {
        let environment = created();
        let result = environment.run_with(Step::SetSecret, "v2", polls, &act);
        (environment, result)
    };
    polls.map(run).collect()
}

#[test]
fn a_version_that_did_not_sign_in_is_not_current() {
    let taken_over = |environment: &Environment| {
        environment.server.change("app", |account| account.passwords = vec!["somebody's".into()]);
    };
    let all = meanwhile(taken_over);
    let failed = all.iter().filter(|(_, result)| result.is_err()).count();
    assert!(failed >= 3, "only {failed} runs noticed");
    for (environment, result) in all {
        assert_eq!(environment.current_version() == "v2", result.is_ok(), "{result:?}");
    }
}

#[test]
fn a_password_that_expires_as_soon_as_it_is_set_is_named_and_promotes_nothing() {
    let expire = |environment: &Environment| {
        environment.server.change("app", |account| account.is_expired = account.passwords != ["first"]);
    };
    let mut expired = 0;
    for (environment, result) in meanwhile(expire) {
        if result.is_err() {
            assert_eq!(cause(result), Cause::PasswordExpired);
            assert_eq!(environment.current_version(), "v1");
            assert!(!environment.signs_in(Stage::Current));
            // The retry has the superuser set it once more.
            promotes(&environment);
            expired += 1;
        }
    }
    assert!(expired > 0, "it never expired between the change and the verification");
}

#[test]
fn a_current_version_that_a_person_writes_meanwhile_stays_current() {
    let put = |environment: &Environment| {
        environment.put(APP_SECRET, "v3", &environment.secret("app", "third"), &["AWSCURRENT"]);
        environment.store.change(APP_SECRET, |secret| secret.unlabel("v2"));
    };
    for (environment, result) in meanwhile(put) {
        assert!(result.is_err(), "it succeeded");
        assert_eq!(environment.current_version(), "v3");
    }
}

#[test]
fn a_run_that_another_one_overtakes_finds_the_version_current() {
    for (environment, result) in meanwhile(promotes) {
        result.expect("setSecret");
        assert!(is_promoted(&environment));
    }
}

#[test]
fn a_failure_before_the_move_is_fixed_by_a_retry() {
    let environment = created();
    environment.store.throttle(Duration::from_secs(600));
    assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::Throttled);
    assert_eq!(environment.current_version(), "v1");
    assert!(environment.signs_in(Stage::Pending) && !environment.signs_in(Stage::Current));
    environment.store.throttle(Duration::ZERO);
    promotes(&environment);
}

#[test]
fn a_throttled_move_is_tried_again() {
    let environment = created();
    environment.store.throttle(Duration::from_secs(10));
    promotes(&environment);
}

#[test]
fn a_server_that_restarts_after_the_change_is_waited_for() {
    let restart = |environment: &Environment| {
        environment.server.becomes(Unavailable::Starting, Duration::from_secs(5));
    };
    for (environment, result) in meanwhile(restart) {
        result.expect("setSecret");
        assert!(is_promoted(&environment));
    }
}

#[test]
fn a_host_that_lags_behind_the_change_after_a_failover_is_waited_for_before_the_move() {
    let lag = Duration::from_secs(20);
    let environment = created();
    environment.clock.advance(lag);
    let before = environment.clock.now();
    let fail_over = |environment: &Environment| environment.server.add_replica("db", lag);
    environment.run_with(Step::SetSecret, "v2", 4, fail_over).expect("setSecret");
    assert!(is_promoted(&environment));
    assert_eq!(environment.clock.now() - before, lag);
}
