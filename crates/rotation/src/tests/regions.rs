//! Replicas in other regions.

use std::time::Duration;

use super::{all, cause};
use crate::in_memory::{APP_SECRET, Engine, Environment, Region};
use crate::{Cause, Stage, Step, Strategy};

const SECOND: Duration = Duration::from_secs(1);

/// The secret's replicas from now on.
fn replicate(environment: &Environment, regions: &[Region]) {
    environment.store.change(APP_SECRET, |secret| secret.regions = regions.to_vec());
}

fn slow(takes: Duration) -> Region {
    Region { takes, ..Region::new("eu-west-1") }
}

fn failing() -> Region {
    Region { failure: Some("the key is disabled"), ..Region::new("eu-west-1") }
}

/// How often a step describes the secret.
fn described(environment: &Environment, step: Step) -> usize {
    let count = || environment.store.change(APP_SECRET, |secret| secret.described);
    let before = count();
    environment.run(step, "v2").unwrap_or_else(|error| panic!("{step}: {error:?}"));
    count() - before
}

#[test]
fn a_secret_without_replicas_is_described_once_a_step_and_nobody_waits() {
    for environment in all() {
        environment.begin("v2");
        for step in Step::ALL {
            assert_eq!(described(&environment, step), 1, "{step}");
        }
        assert_eq!(environment.clock.now(), Duration::ZERO);
    }
}

#[test]
fn a_replica_that_follows_at_once_costs_one_look_more_after_each_change() {
    for environment in all() {
        replicate(&environment, &[Region::new("eu-west-1")]);
        environment.begin("v2");
        let looks = Step::ALL.map(|step| described(&environment, step));
        assert_eq!(looks, [1, 2, 1, 2], "{:?}", environment.strategy);
        assert_eq!(described(&environment, Step::FinishSecret), 1, "settled, so that a retry asks once");
    }
}

#[test]
fn no_password_changes_before_every_region_has_the_pending_version() {
    for environment in all() {
        let environment = environment.created("v2");
        replicate(&environment, &[Region::new("eu-west-2"), slow(10 * SECOND)]);
        environment.run(Step::SetSecret, "v2").expect("setSecret");
        let waited = environment.clock.now();
        assert!(waited >= 10 * SECOND && waited < 15 * SECOND, "{waited:?}");
        assert!(environment.signs_in(Stage::Pending));
    }
}

#[test]
fn a_region_that_is_behind_for_too_long_ends_set_secret_before_any_password_changes() {
    for environment in all() {
        let environment = environment.created("v2");
        replicate(&environment, &[slow(1000 * SECOND)]);
        assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::ReplicationPending);
        assert!(environment.clock.now() <= 34 * SECOND, "a change would not fit any more");
        assert!(environment.signs_in(Stage::Current) && !environment.signs_in(Stage::Pending));
    }
}

#[test]
fn a_region_that_has_failed_ends_set_secret_before_any_password_changes() {
    for environment in all() {
        let environment = environment.created("v2");
        replicate(&environment, &[failing(), slow(1000 * SECOND)]);
        assert_eq!(cause(environment.run(Step::SetSecret, "v2")), Cause::ReplicationFailed);
        assert!(environment.clock.now() <= 3 * SECOND, "what has failed is not waited for");
        assert!(environment.signs_in(Stage::Current) && !environment.signs_in(Stage::Pending));
        replicate(&environment, &[]);
        environment.run(Step::SetSecret, "v2").expect("setSecret");
    }
}

/// An earlier attempt has set the pending password: AWSCURRENT is rejected in every region, and only the end of the rotation
/// helps.
#[test]
fn a_region_delays_no_single_user_whose_password_was_set_before() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let environment = Environment::new(Strategy::SingleUser, engine).set("v2");
        replicate(&environment, &[failing()]);
        environment.run(Step::SetSecret, "v2").expect("setSecret");
        environment.run(Step::TestSecret, "v2").expect("testSecret");
        assert_eq!(cause(environment.run(Step::FinishSecret, "v2")), Cause::ReplicationFailed);
        assert_eq!(environment.current_version(), "v2");
    }
}

/// The rotation before ended while the region was behind. Under alternating users its AWSCURRENT is the user whose turn it is.
#[test]
fn a_region_that_is_a_rotation_behind_keeps_the_version_that_it_has() {
    for environment in all() {
        environment.rotate_all("v2");
        let there = environment.stored(Stage::Previous);
        let environment = environment.created("v3");
        replicate(&environment, &[slow(1000 * SECOND)]);
        assert_eq!(cause(environment.run(Step::SetSecret, "v3")), Cause::ReplicationPending);
        let account = environment.server.account(&there.0).expect("an account");
        assert_eq!(account.has(&there.1), environment.strategy != Strategy::SingleUser);
    }
}

#[test]
fn finish_secret_ends_only_when_every_region_has_the_current_version() {
    for environment in all() {
        let environment = environment.set("v2");
        replicate(&environment, &[slow(10 * SECOND)]);
        let before = environment.clock.now();
        environment.run(Step::FinishSecret, "v2").expect("finishSecret");
        let waited = environment.clock.now() - before;
        assert!(waited >= 10 * SECOND && waited < 15 * SECOND, "{waited:?}");
        assert_eq!(environment.current_version(), "v2");
    }
}

#[test]
fn current_stays_where_it_is_when_a_region_is_behind_or_has_failed_and_a_retry_looks_again() {
    for (region, expected) in
        [(slow(1000 * SECOND), Cause::ReplicationPending), (failing(), Cause::ReplicationFailed)]
    {
        for environment in all() {
            let environment = environment.set("v2");
            replicate(&environment, std::slice::from_ref(&region));
            assert_eq!(cause(environment.run(Step::FinishSecret, "v2")), expected);
            assert_eq!(environment.current_version(), "v2");
            assert!(environment.clock.now() <= 57 * SECOND, "the response would be late");
            for step in [Step::CreateSecret, Step::SetSecret, Step::TestSecret] {
                environment.run(step, "v2").expect("the version is current already");
            }
            assert_eq!(cause(environment.run(Step::FinishSecret, "v2")), expected);
            replicate(&environment, &[Region::new("eu-west-1")]);
            environment.run(Step::FinishSecret, "v2").expect("the region has it now");
        }
    }
}

/// The service may show for a moment what it showed before the change.
#[test]
fn a_status_of_before_the_change_does_not_count() {
    for environment in all() {
        let environment = environment.created("v2");
        let stale = Region { stale: SECOND, ..slow(10 * SECOND) };
        replicate(&environment, &[stale]);
        environment.run(Step::SetSecret, "v2").expect("setSecret");
        assert!(environment.clock.now() >= 10 * SECOND);
        let before = environment.clock.now();
        environment.run(Step::FinishSecret, "v2").expect("finishSecret");
        assert!(environment.clock.now() - before >= 10 * SECOND);
    }
}

/// Such as finishSecret after a step that has moved the label and ended at once.
#[test]
fn a_status_of_before_a_move_by_an_earlier_step_does_not_count() {
    for environment in all() {
        let environment = environment.set("v2");
        environment.run(Step::FinishSecret, "v2").expect("finishSecret");
        replicate(&environment, &[Region { stale: SECOND, ..slow(10 * SECOND) }]);
        let before = environment.clock.now();
        environment.run(Step::FinishSecret, "v2").expect("finishSecret");
        assert!(environment.clock.now() - before >= 10 * SECOND);
    }
}

#[test]
fn a_label_that_another_run_moves_meanwhile_is_waited_for_too() {
    for environment in all() {
        let environment = environment.set("v2");
        replicate(&environment, &[slow(10 * SECOND)]);
        let promote = |environment: &Environment| {
            environment.store.change(APP_SECRET, |secret| secret.label("v2", "AWSCURRENT"));
        };
        environment.run_with(Step::FinishSecret, "v2", 2, promote).expect("finishSecret");
        assert!(environment.clock.now() >= 10 * SECOND, "{:?}", environment.clock.now());
    }
}

#[test]
fn a_status_of_before_a_move_by_a_concurrent_run_does_not_count() {
    for environment in all() {
        let environment = environment.set("v2");
        replicate(&environment, &[Region { stale: SECOND, ..slow(10 * SECOND) }]);
        let before = environment.clock.now();
        let (one, other) = environment.run_twice_at_once(Step::FinishSecret, "v2");
        one.and(other).expect("finishSecret");
        assert!(environment.clock.now() - before >= 10 * SECOND);
    }
}

#[test]
fn no_step_reads_a_region_that_was_removed_meanwhile() {
    for environment in all() {
        let environment = environment.set("v2");
        replicate(&environment, &[slow(1000 * SECOND)]);
        let remove = |environment: &Environment| replicate(environment, &[]);
        environment.run_with(Step::FinishSecret, "v2", 3, remove).expect("finishSecret");
    }
}

#[test]
fn a_test_of_the_function_asks_for_no_region() {
    for environment in all() {
        environment.begin("v2");
        let current = environment.stored(Stage::Current);
        environment.put(APP_SECRET, "v2", &environment.secret(&current.0, &current.1), &["AWSPENDING"]);
        replicate(&environment, &[failing()]);
        environment.run(Step::TestSecret, "v2").expect("testSecret");
    }
}

#[test]
fn a_rotation_that_is_given_up_while_it_waits_for_a_region_sets_nothing() {
    for environment in all() {
        replicate(&environment, &[slow(6 * SECOND)]);
        let environment = environment.created("v2");
        let late = environment.run_with(Step::SetSecret, "v2", 150, |environment| {
            replicate(environment, &[]);
            environment.store.change(APP_SECRET, |secret| secret.unlabel("v2"));
            environment.rotate_all("v3");
        });
        late.expect_err("it was given up");
        assert!(environment.signs_in(Stage::Current), "{:?}", environment.strategy);
    }
}
