//! Whole rotations.

use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Refusal, Stage, Step, Strategy};

/// Every strategy on the engines that have it.
fn all() -> [Environment; 5] {
    [
        Environment::new(Strategy::SingleUser, Engine::Postgres),
        Environment::new(Strategy::SingleUser, Engine::MySql),
        Environment::new(Strategy::DualPassword, Engine::MySql),
        Environment::new(Strategy::AlternatingUsers, Engine::Postgres),
        Environment::new(Strategy::AlternatingUsers, Engine::MySql),
    ]
}

/// The same, and single user where setSecret makes the version current.
fn all_with_either_promotion() -> Vec<Environment> {
    let engines = [Engine::Postgres, Engine::MySql].into_iter();
    let early =
        engines.map(|engine| Environment::new(Strategy::SingleUser, engine).promoting_in_set_secret());
    all().into_iter().chain(early).collect()
}

#[test]
fn five_rotations_in_a_row_each_promote_a_version_that_signs_in() {
    for environment in all_with_either_promotion() {
        for version in ["v2", "v3", "v4", "v5", "v6"] {
            let before = environment.stored(Stage::Current);
            environment.rotate_all(version);
            assert_eq!(environment.current_version(), version);
            assert_eq!(environment.stored(Stage::Previous), before);
            assert_ne!(environment.stored(Stage::Current).1, before.1);
            assert!(environment.signs_in(Stage::Current), "{:?} {version}", environment.strategy);
        }
    }
}

#[test]
fn the_current_version_signs_in_until_the_end_except_under_single_user() {
    for environment in all() {
        let environment = environment.set("v2");
        environment.run(Step::TestSecret, "v2").expect("testSecret");
        assert_eq!(environment.signs_in(Stage::Current), environment.strategy != Strategy::SingleUser);
        assert!(environment.signs_in(Stage::Pending));
        environment.run(Step::FinishSecret, "v2").expect("finishSecret");
        assert_eq!(environment.signs_in(Stage::Previous), environment.strategy != Strategy::SingleUser);
    }
}

#[test]
fn every_step_may_be_repeated_and_changes_nothing_the_second_time() {
    for environment in all_with_either_promotion() {
        environment.begin("v2");
        for step in Step::ALL {
            environment.run(step, "v2").expect("the first time");
            let password = environment.stored(Stage::Pending);
            environment.run(step, "v2").unwrap_or_else(|error| panic!("{step} again: {error:?}"));
            assert_eq!(environment.stored(Stage::Pending), password, "{step}");
        }
        assert!(environment.signs_in(Stage::Current));
    }
}

#[test]
fn every_step_may_run_twice_at_once() {
    for environment in all_with_either_promotion() {
        environment.begin("v2");
        for step in Step::ALL {
            let (one, other) = environment.run_twice_at_once(step, "v2");
            one.and(other).unwrap_or_else(|error| panic!("{step} twice at once: {error:?}"));
        }
        assert_eq!(environment.current_version(), "v2");
        assert!(environment.signs_in(Stage::Current), "{:?}", environment.strategy);
    }
}

#[test]
fn a_version_that_is_current_already_has_nothing_left_to_do() {
    for environment in all_with_either_promotion() {
        environment.rotate_all("v2");
        // Whatever a step would read or do now fails.
        environment.store.change(APP_SECRET, |secret| secret.unlabel("v1"));
        environment.server.drop_account("app");
        environment.server.drop_account("app_clone");
        for step in Step::ALL {
            environment.run(step, "v2").unwrap_or_else(|error| panic!("{step}: {error:?}"));
        }
    }
}

#[test]
fn every_step_refuses_a_version_that_may_not_be_rotated_in() {
    for environment in all_with_either_promotion() {
        for step in Step::ALL {
            assert!(matches!(environment.refused(step, "v2"), Refusal::UnknownVersion { .. }));
            environment.store.change(APP_SECRET, |secret| secret.label("v0", "mine"));
            assert!(matches!(environment.refused(step, "v0"), Refusal::NotPending { .. }));
            environment.store.change(APP_SECRET, |secret| secret.rotation_enabled = Some(false));
            assert!(matches!(environment.refused(step, "v2"), Refusal::RotationDisabled));
            environment.store.change(APP_SECRET, |secret| secret.schedule.is_deleted = true);
            assert!(matches!(environment.refused(step, "v2"), Refusal::MarkedForDeletion));
            environment.store.change(APP_SECRET, |secret| {
                (secret.rotation_enabled, secret.schedule.is_deleted) = (None, false);
            });
        }
        environment.begin("v2");
        environment.store.change(APP_SECRET, |secret| secret.unlabel("v1"));
        for step in Step::ALL {
            assert!(matches!(environment.refused(step, "v2"), Refusal::NoCurrent), "{step}");
        }
    }
}

#[test]
fn set_secret_and_test_secret_refuse_a_pending_version_without_a_value() {
    for environment in all_with_either_promotion() {
        environment.begin("v2");
        for step in [Step::SetSecret, Step::TestSecret] {
            assert!(matches!(environment.refused(step, "v2"), Refusal::NoPendingValue { .. }), "{step}");
        }
    }
}
