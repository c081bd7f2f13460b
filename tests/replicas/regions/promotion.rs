//! A setSecret that makes the new version current.

use std::time::Duration;

use local_aws::ReplicationOptions;
use rotation::Strategy;
use testbed::crash::{Crash, Moment};
use testbed::{InProcess, STEPS, Server, Setup, run_concurrently};

use super::{
    all_of_mysql, break_replication, commands, has_there, operations, postgres, read_there,
    repair_replication, replicated, run_command, signs_in_there,
};
use crate::support::says;

/// setSecret waits twice: before the change, and after the move. What comes after it only looks.
async fn the_region_follows<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.name(), server.name());
    let application = replicated(server, setup).await;
    let delay = Duration::from_secs(3);
    application.local.set_replication(ReplicationOptions { delay, ..ReplicationOptions::default() });
    let version = application.begin().await;
    let [create, set, rest @ ..] = STEPS;
    application.step(create, &version).await.expect(create);
    assert!(signs_in_there(&application).await, "{context}");
    application.step(set, &version).await.unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert_eq!(read_there(&application).await, current, "{context}");
    assert!(has_there(&application, &version).await && signs_in_there(&application).await, "{context}");
    operations(&application);
    for step in rest {
        application.step(step, &version).await.expect(step);
    }
    let mut called = operations(&application);
    called.retain(|call| call != "GetSecretValue");
    assert_eq!(called, ["DescribeSecret"; 2], "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_has_the_version_that_set_secret_makes_current_when_the_step_ends() {
    let server = postgres().await;
    for setup in server.setups_promoting_in_set_secret() {
        the_region_follows(server, setup).await;
    }
    for server in all_of_mysql().await {
        for setup in server.setups_promoting_in_set_secret() {
            the_region_follows(server, setup).await;
        }
    }
}

/// setSecret stops after this call, and the region fails then. Nothing is lost here, and once the region is repaired the rotation
/// ends in both. Returns whether the step made fewer calls.
async fn a_crash_and_a_region_that_fails<S: Server>(server: &S, setup: Setup<'_>, call: usize) -> bool {
    let context = format!("{} on {}, call {call}", setup.name(), server.name());
    let application = replicated(server, setup).await;
    let function = InProcess::of(&application, Strategy::SingleUser).await;
    let version = application.begin().await;
    let [create, set, ..] = STEPS;
    function.step(&application, create, &version, &Crash::never()).await.expect(create);
    let crash = Crash::at(call, Moment::After);
    let ended = crash.until(function.step(&application, set, &version, &crash)).await.is_some();
    break_replication(&application);
    assert!(application.some_version_signs_in().await, "{context}");
    let moved = application.labels().await.contains(&format!("AWSCURRENT {version}"));
    assert!(!moved || application.signs_in("AWSCURRENT").await, "{context}");
    // The service runs all steps again.
    let _ = application.repeat(&version).await;
    assert!(application.some_version_signs_in().await, "{context}");
    repair_replication(&application);
    if let Err((step, failed)) = application.repeat(&version).await {
        let failed = format!("{step} {}: {}", failed.error_type, failed.error_message);
        says(&failed, "ReplicationFailed", &["eu-west-1 has Failed"]);
        let [again, _] = commands(&failed)[..] else { panic!("two commands: {failed}") };
        run_command(&application, again).await;
        application.repeat(&version).await.unwrap_or_else(|error| panic!("{context}: {error:?}"));
    }
    let labels = application.labels().await;
    assert!(labels.contains(&format!("AWSCURRENT {version}")), "{context}: {labels:?}");
    assert!(application.signs_in("AWSCURRENT").await && signs_in_there(&application).await, "{context}");
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_and_a_region_that_fails_then_lose_nothing() {
    let server = postgres().await;
    for setup in server.setups_promoting_in_set_secret() {
        let mut ended = 0;
        let tasks = (1..=16).map(|call| a_crash_and_a_region_that_fails(server, setup.clone(), call));
        run_concurrently(16, tasks, |fewer| ended += usize::from(fewer)).await;
        assert!((1..8).contains(&ended), "every call is tried: {ended}");
    }
}
