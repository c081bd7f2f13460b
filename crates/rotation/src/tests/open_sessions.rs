//! Open sessions of the user whose password a rotation changes.

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Cause, OnIdleUserSessions, Stage, Step, Strategy};

const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::MySql];

/// On each engine, with a superuser and without one.
fn environments() -> Vec<Environment> {
    let with = |engine| Environment::new(Strategy::AlternatingUsers, engine);
    ENGINES.into_iter().flat_map(|engine| [with(engine), Environment::without_superuser(engine)]).collect()
}

fn counted(environment: &Environment) -> Option<u64> {
    *environment.sessions_of_idle_user.lock().expect("no holder panics")
}

fn passwords(environment: &Environment, user: &str) -> Vec<String> {
    environment.server.account(user).map(|account| account.passwords).unwrap_or_default()
}

/// `RotateImmediately=false`.
fn probe(environment: &Environment) {
    let text = environment.store.change(APP_SECRET, |secret| secret.value(Stage::Current).map(String::from));
    environment.put_text(APP_SECRET, "probe", &text.expect("a value"), &["AWSPENDING"]);
    environment.run(Step::TestSecret, "probe").expect("testSecret");
    environment.store.change(APP_SECRET, |secret| secret.unlabel("probe"));
}

#[test]
fn set_secret_counts_the_sessions_of_the_user_whose_password_it_changes_and_of_no_other() {
    for environment in environments() {
        environment.server.has_sessions("app", 100);
        for (turn, next, other) in [("v2", "app_clone", "app"), ("v3", "app", "app_clone")] {
            for count in [3, 0] {
                environment.server.has_sessions(next, count);
                environment.server.has_sessions(other, 100);
                environment.begin(turn);
                environment.run(Step::CreateSecret, turn).expect("createSecret");
                assert_eq!(counted(&environment), None);
                environment.run(Step::SetSecret, turn).expect("setSecret");
                assert_eq!(counted(&environment), Some(count));
            }
            environment.rotate_all(turn);
        }
    }
}

#[test]
fn a_function_that_is_set_to_refuse_changes_nothing_while_there_are_sessions_and_goes_on_when_they_end() {
    for mut environment in environments() {
        environment.on_idle_user_sessions = OnIdleUserSessions::Refuse;
        environment.server.has_sessions("app_clone", 1);
        environment.server.has_sessions("app", 100);
        let environment = environment.created("v2");
        let before = passwords(&environment, "app_clone");
        for _attempt in 0..2 {
            let result = environment.run(Step::SetSecret, "v2");
            assert_eq!(cause(result), Cause::IdleUserHasSessions);
            assert_eq!(
                (passwords(&environment, "app_clone"), counted(&environment)),
                (before.clone(), Some(1))
            );
        }
        environment.server.has_sessions("app_clone", 0);
        environment.rotate_all("v2");
        assert!(environment.signs_in(Stage::Current));
    }
}

#[test]
fn sessions_that_cannot_be_seen_stop_no_rotation_unless_the_function_is_set_to_refuse() {
    for mut environment in environments() {
        environment.on_idle_user_sessions = OnIdleUserSessions::Refuse;
        environment.server.hides_sessions();
        let mut environment = environment.created("v2");
        let before = passwords(&environment, "app_clone");
        assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::MissingPrivilege);
        assert_eq!(passwords(&environment, "app_clone"), before);
        environment.on_idle_user_sessions = OnIdleUserSessions::Warn;
        environment.run(Step::SetSecret, "v2").expect("setSecret");
        assert_eq!(counted(&environment), None, "what is not seen is not none");
        environment.rotate_all("v2");
    }
}

/// An idle user that has its new password already is refused nothing: only the end of the rotation is missing.
#[test]
fn after_the_change_no_session_stops_the_rotation() {
    for engine in ENGINES {
        let mut environment = Environment::without_superuser(engine).set("v2");
        environment.on_idle_user_sessions = OnIdleUserSessions::Refuse;
        environment.server.has_sessions("app_clone", 2);
        environment.run(Step::SetSecret, "v2").expect("setSecret again");
        assert_eq!(counted(&environment), Some(2));
    }
}

#[test]
fn a_probe_counts_the_sessions_of_the_user_whose_turn_is_next_and_refuses_none() {
    for engine in ENGINES {
        // On MySQL only a session as the idle user sees them, which a probe without a superuser has.
        let with_superuser = Environment::new(Strategy::AlternatingUsers, engine);
        for (mut environment, shows) in
            [(with_superuser, engine == Engine::Postgres), (Environment::without_superuser(engine), true)]
        {
            environment.on_idle_user_sessions = OnIdleUserSessions::Refuse;
            environment.rotate_all("v2");
            environment.server.has_sessions("app", 3);
            environment.server.has_sessions("app_clone", 100);
            probe(&environment);
            assert_eq!(counted(&environment), shows.then_some(3));
        }
    }
}

/// What the other user has open during a rotation is the application's.
#[test]
fn test_secret_of_a_rotation_counts_no_sessions() {
    for environment in environments() {
        environment.server.has_sessions("app", 100);
        let environment = environment.set("v2");
        // A client that setSecret has warned of.
        environment.server.has_sessions("app_clone", 1);
        environment.run(Step::TestSecret, "v2").expect("testSecret");
        assert_eq!(counted(&environment), None);
    }
}
