//! finishSecret.

use std::time::Duration;

use super::cause;
use crate::in_memory::{APP_SECRET, Engine, Environment};
use crate::{Cause, Refusal, Stage, Step, Strategy};

fn tested() -> Environment {
    Environment::new(Strategy::SingleUser, Engine::Postgres).set("v2")
}

#[test]
fn the_label_moves_and_previous_follows() {
    let environment = tested();
    let (current, pending) = (environment.stored(Stage::Current), environment.stored(Stage::Pending));
    environment.run(Step::FinishSecret, "v2").expect("finishSecret");
    assert_eq!((environment.stored(Stage::Previous), environment.stored(Stage::Current)), (current, pending));
}

#[test]
fn a_label_that_moved_here_meanwhile_is_fine() {
    let environment = tested();
    let promote = |environment: &Environment| {
        environment.store.change(APP_SECRET, |secret| secret.label("v2", "AWSCURRENT"));
    };
    environment.run_with(Step::FinishSecret, "v2", 2, promote).expect("finishSecret");
    assert_eq!(environment.current_version(), "v2");
}

#[test]
fn a_label_that_moved_elsewhere_meanwhile_stays_there() {
    let environment = tested();
    let put = |environment: &Environment| {
        environment.put(APP_SECRET, "v3", &environment.secret("app", "third"), &["AWSCURRENT"]);
    };
    let failed = environment.run_with(Step::FinishSecret, "v2", 2, put);
    assert_eq!(cause(failed), Cause::LabelMoved);
    assert_eq!(environment.current_version(), "v3");
}

#[test]
fn a_pending_label_that_is_removed_meanwhile_refuses_if_current_moved_too() {
    let environment = tested();
    let put = |environment: &Environment| {
        environment.put(APP_SECRET, "v3", &environment.secret("app", "third"), &["AWSCURRENT"]);
        environment.store.change(APP_SECRET, |secret| secret.unlabel("v2"));
    };
    let refused = environment.run_with(Step::FinishSecret, "v2", 2, put);
    assert!(matches!(refused, Err(crate::Error::Refused(Refusal::UnknownVersion { .. }))), "{refused:?}");
}

#[test]
fn a_throttled_move_is_tried_again() {
    let environment = tested();
    environment.store.throttle(Duration::from_secs(10));
    environment.run(Step::FinishSecret, "v2").expect("finishSecret");
    assert_eq!(environment.current_version(), "v2");
}
