//! Alternating users without a superuser: how often a step signs in, and with what.

use std::time::Duration;

use crate::in_memory::{APP_SECRET, Engine, Environment, Unavailable};
use crate::{Refusal, Stage, Step};

#[test]
fn a_test_without_a_rotation_tries_the_versions_that_a_rotation_would() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let environment = Environment::without_superuser(engine);
        environment.server.change("app_clone", |account| account.passwords = vec!["strangers".into()]);
        // Else PostgreSQL is not asked as the idle user.
        environment.server.change("app", |account| account.rights.insert("UPDATE".into()));
        for number in 1..=5 {
            let value = environment.alone("app_clone", &format!("p{number}"));
            environment.put(APP_SECRET, &format!("a{number}"), &value, &[]);
        }
        let untried = |refusal: Refusal| {
            let Refusal::IdleUserDoesNotSignIn { untried, .. } = refusal else { panic!("{refusal:?}") };
            untried
        };
        // Beside its own sign-in as `app`, and the one that would compare the two. Its pending version is `app`'s.
        environment.put(APP_SECRET, "probe", &environment.alone("app", "first"), &["AWSPENDING"]);
        let of_probe = untried(environment.refused(Step::TestSecret, "probe"));
        environment.store.change(APP_SECRET, |secret| secret.remove_version("probe"));
        let environment = environment.created("v2");
        assert_eq!(of_probe, untried(environment.refused(Step::SetSecret, "v2")));
        assert_eq!(of_probe.len(), 3);
    }
}

#[test]
fn a_session_that_waits_for_a_slow_sign_in_as_the_other_user_is_not_relied_on() {
    for polls in 0..=3 {
        let environment = Environment::without_superuser(Engine::MySql).created("v2");
        let step = environment.run_with(Step::SetSecret, "v2", polls, |environment| {
            environment.server.becomes(Unavailable::Starting, Duration::from_secs(12));
        });
        step.unwrap_or_else(|error| panic!("after {polls} polls: {error:?}"));
        assert!(environment.clock.now() >= Duration::from_secs(12), "after {polls} polls");
        assert!(environment.signs_in(Stage::Current) && environment.signs_in(Stage::Pending));
    }
}
