//! A watch: which secrets are overdue, also if the service fails.

use std::time::{Duration, SystemTime};

use crate::in_memory::{APP_SECRET, Engine, Environment, FUNCTION};
use crate::{Cause, Schedule, Strategy, Watched};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A secret of this function, which was due then.
fn add(environment: &Environment, name: &str, next: Option<Duration>) {
    environment.store.change(name, |secret| {
        secret.rotation_enabled = Some(true);
        let next = next.map(|next| SystemTime::UNIX_EPOCH + next);
        secret.schedule =
            Schedule { function: Some(format!("{FUNCTION}:live")), last: None, next, is_deleted: false };
        secret.put("v1", "{}");
        secret.label("v1", "AWSCURRENT");
    });
}

fn begin(environment: &Environment, name: &str) {
    environment.store.change(name, |secret| secret.label("v2", "AWSPENDING"));
}

fn environment() -> Environment {
    let environment = Environment::new(Strategy::SingleUser, Engine::Postgres);
    environment.store.remove(APP_SECRET);
    environment
}

fn names(watched: &Watched) -> Vec<&str> {
    watched.overdue.iter().map(|overdue| overdue.secret.0.as_str()).collect()
}

#[test]
fn exactly_the_secrets_that_are_overdue_are_named() {
    let environment = environment();
    for (name, next) in [("due", Some(DAY)), ("in-its-day", Some(9 * DAY + HOUR)), ("without-schedule", None)]
    {
        add(&environment, name, next);
    }
    add(&environment, "begun", Some(20 * DAY));
    begin(&environment, "begun");
    add(&environment, "finished", Some(20 * DAY));
    environment.store.change("finished", |secret| secret.label("v1", "AWSPENDING"));
    add(&environment, "cancelled", Some(DAY));
    environment.store.change("cancelled", |secret| secret.rotation_enabled = Some(false));
    for (name, function) in [
        ("of-another", Some(FUNCTION.replace(":rotation", ":rotation2"))),
        ("of-another-region", Some(FUNCTION.replace("us-east-1", "eu-west-1"))),
        ("of-none", None),
    ] {
        add(&environment, name, Some(DAY));
        environment.store.change(name, |secret| secret.schedule.function = function);
    }
    let watched = environment.watch(10 * DAY);
    assert_eq!(names(&watched), ["begun", "due"]);
    assert_eq!(watched.secrets, 5);
    assert!(watched.failures.is_empty(), "{:?}", watched.failures);
    let [begun, due] = &watched.overdue[..] else { unreachable!("two") };
    assert!(begun.message.contains("a rotation began 9 days ago"), "{}", begun.message);
    assert!(due.message.contains("a rotation was due 9 days ago"), "{}", due.message);
    assert!(due.message.ends_with("run aws secretsmanager rotate-secret --secret-id due"), "{}", due.message);
}

#[test]
fn a_secret_that_cannot_be_read_hides_no_other() {
    let environment = environment();
    for name in ["a", "b", "c"] {
        add(&environment, name, Some(20 * DAY));
        begin(&environment, name);
    }
    environment.store.change("b", |secret| secret.listing_fails = Some(Cause::Throttled));
    let watched = environment.watch(10 * DAY);
    assert_eq!(names(&watched), ["a", "c"]);
    assert_eq!(watched.failures.len(), 1);
    assert_eq!(watched.failures[0].cause(), Some(Cause::Throttled));
    // Its date is not needed where it is overdue by its schedule.
    add(&environment, "b", Some(DAY));
    let watched = environment.watch(10 * DAY);
    assert_eq!((names(&watched), watched.failures.len()), (vec!["a", "b", "c"], 0));
}

#[test]
fn a_page_that_cannot_be_read_hides_none_of_those_before() {
    let environment = environment();
    for name in ["a", "b"] {
        add(&environment, name, Some(DAY));
    }
    *environment.store.list_fails.lock().expect("the store") = Some(Cause::SecretsManager);
    let watched = environment.watch(10 * DAY);
    assert_eq!((names(&watched), watched.failures.len()), (vec!["a"], 1));
}

#[test]
fn a_service_that_is_silent_is_a_failure_within_the_time_and_hides_none_of_those_before() {
    let environment = environment();
    add(&environment, "a", Some(DAY));
    add(&environment, "b", Some(20 * DAY));
    begin(&environment, "b");
    environment.store.change("b", |secret| secret.is_silent_to = Some(crate::in_memory::StoreCall::List));
    let watched = environment.watch(10 * DAY);
    assert_eq!((names(&watched), watched.failures.len()), (vec!["a"], 1));
    assert_eq!(watched.failures[0].cause(), Some(Cause::Deadline));
    assert_eq!(watched.failures[0].to_string(), "cannot list the versions of b");
}
