//! What tests of several subjects share.

mod desk;
pub(crate) mod mysql;
pub(crate) mod postgres;
mod script;
mod user_pair;

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{Application, ChangedBy, Credentials, FaultProxy, STEPS, Server, Setup};

pub(crate) use desk::Desk;
pub(crate) use script::run_on_files;
pub(crate) use user_pair::UserPair;

/// Writes another application's user into the secret, with a password that the writer does not know.
pub(crate) async fn claim<S: Server>(application: &Application<'_, S>, user: &str, fields: &Value) {
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["username"] = json!(user);
    current["password"] = json!("unknown to the writer");
    current["masterarn"] = json!(application.superuser_arn);
    for (name, value) in fields.as_object().into_iter().flatten() {
        current[name] = value.clone();
    }
    application.store_current(&current).await;
}

/// Runs the command that a refusal prints for an account that belongs to the application, with that account's credentials.
pub(crate) async fn store_as_previous<S: Server>(
    application: &Application<'_, S>,
    refusal: &str,
    account: &Credentials,
) {
    let command = refusal.split_once("run aws secretsmanager ").expect("a command").1;
    let command: Vec<_> = command.split_once(", which leaves").expect("an end").0.split(' ').collect();
    let [
        "put-secret-value",
        "--secret-id",
        id,
        "--version-stages",
        stage,
        "--secret-string",
        "file://previous.json",
    ] = command[..]
    else {
        panic!("another command: {command:?}");
    };
    assert_eq!((id, stage), (application.arn.as_str(), "AWSPREVIOUS"));
    let before = application.stored("AWSCURRENT").await.expect("a current version");
    application.store_previous(account).await;
    assert_eq!(application.stored("AWSCURRENT").await, Some(before), "AWSCURRENT is left alone");
}

/// Law 1, for the strategy: `AWSCURRENT` signs in, or under single user any version with a label.
pub(crate) async fn nothing_is_lost<S: Server>(
    application: &Application<'_, S>,
    single_user: bool,
    context: &str,
) {
    let current = application.signs_in("AWSCURRENT").await;
    let any = current
        || (single_user
            && (application.signs_in("AWSPENDING").await || application.signs_in("AWSPREVIOUS").await));
    assert!(any, "no working credential is left: {context}");
}

/// Rotates with every step run up to four times concurrently, each in a process of its own: all succeed, and one state results.
pub(crate) async fn every_step_at_once<S: Server>(application: &Application<'_, S>, times: usize) {
    let context = format!("{times} times at once on {}", application.server.name());
    let pending = application.begin().await;
    for step in STEPS {
        let run = async |number| {
            if number < times { application.step(step, &pending).await } else { Ok(()) }
        };
        let (a, b, c, d) = tokio::join!(run(0), run(1), run(2), run(3));
        for result in [a, b, c, d] {
            assert!(result.is_ok(), "{step} {context}: {result:?}");
        }
    }
    assert!(application.processes().await.len() >= times, "{context}: they shared a process");
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
}

/// A value that must never show in an error.
pub(crate) const MARK: &str = "hunter2";

pub(crate) fn superuser_was_not_touched<S: Server>(application: &Application<'_, S>) {
    let touched = application
        .local
        .calls()
        .iter()
        .any(|call| call.secret_id.as_deref() == Some(application.superuser_arn.as_str()));
    assert!(!touched, "the superuser's secret was read");
}

/// The whole remedy where a user cannot change its own password and the secret names no superuser.
pub(crate) const ADD_SUPERUSER: &str = "the secret names no superuser; write AWSCURRENT anew with PutSecretValue, with the ARN of \
    a superuser's secret as masterarn, and rotate again";

/// Every strategy of a server in which no person has to keep two users equal, and AWSCURRENT signs in first.
pub(crate) fn setups_that_a_function_keeps_equal<S: Server>(server: &S) -> Vec<Setup<'static>> {
    server.setups().into_iter().filter(|setup| setup.changed_by == ChangedBy::Superuser).collect()
}

/// Every strategy of a server, with a timeout of 5 s.
pub(crate) fn setups_with_a_short_timeout<S: Server>(server: &S) -> Vec<Setup<'static>> {
    let timeout = Duration::from_secs(5);
    server.setups_with_either_promotion().into_iter().map(|setup| Setup { timeout, ..setup }).collect()
}

/// An application behind a fault proxy, after createSecret.
pub(crate) async fn ready_for_set_secret<'a, S: Server>(
    server: &'a S,
    proxy: &FaultProxy,
    setup: Setup<'_>,
) -> (Application<'a, S>, String) {
    let application = Application::through_proxy(server, proxy, setup).await;
    server.allow_two_passwords(&application.app).await;
    let pending = application.begin().await;
    succeeds_in_the_end(&application, "createSecret", &pending, "nothing fails yet").await;
    (application, pending)
}

/// Runs a step until it succeeds, at most ten times. A session that was dropped silently keeps its locks until the server ends it,
/// after 10 s, and a busy machine may need longer than the short deadline of these tests.
pub(crate) async fn succeeds_in_the_end<S: Server>(
    application: &Application<'_, S>,
    step: &str,
    pending: &str,
    context: &str,
) {
    let mut waits = Vec::new();
    for _attempt in 0..10 {
        match application.step(step, pending).await {
            Ok(()) => return,
            Err(error) => {
                let is_wait = ["LockTimeout", "Deadline"].contains(&error.error_type.as_str());
                assert!(is_wait, "{context}: then {step}: {error:?}");
                waits.push(error);
            }
        }
    }
    panic!("{context}: {step} did not succeed: {waits:?}");
}

pub(crate) fn says(failure: &str, class: &str, parts: &[&str]) {
    assert!(failure.contains(&format!(" {class}: ")), "{class} is not the class of: {failure}");
    for part in parts {
        assert!(failure.contains(part), "{part} is not in: {failure}");
    }
}
