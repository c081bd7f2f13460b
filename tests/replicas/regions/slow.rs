//! The replica follows late.

use std::time::Duration;

use local_aws::ReplicationOptions;
use rotation::Strategy;
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, STEPS, Server, Setup};

use super::{
    all_of_mysql, has_there, operations, postgres, read_there, replicate, replicated, signs_in_there,
};
use crate::support::{every_step_at_once, says};

fn delays<S: Server>(application: &Application<'_, S>, delay: Duration) {
    application.local.set_replication(ReplicationOptions { delay, ..ReplicationOptions::default() });
}

/// The replica has what the primary has, as if its delay had passed.
async fn follows<S: Server>(application: &Application<'_, S>) {
    delays(application, Duration::ZERO);
    replicate(application, None).await;
}

/// What the function has to wait for in each step: longer than a status of before a change may be shown.
const DELAY: Duration = Duration::from_secs(3);

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(1_000_000);

async fn the_region_follows_every_step<S: Server>(server: &S, setup: Setup<'_>, turns: usize) {
    let context = format!("{} on {}", setup.function, server.name());
    let is_single_user = setup.function.ends_with("single-user");
    let application = replicated(server, setup).await;
    delays(&application, DELAY);
    for _turn in 0..turns {
        let version = application.begin().await;
        for step in STEPS {
            application
                .step(step, &version)
                .await
                .unwrap_or_else(|error| panic!("{step}, {context}: {error:?}"));
            if step == "setSecret" {
                assert!(has_there(&application, &version).await, "{context}");
            }
            let has_gap = is_single_user && ["setSecret", "testSecret"].contains(&step);
            assert!(has_gap || signs_in_there(&application).await, "after {step}, {context}");
        }
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(read_there(&application).await, current, "{context}");
    }
    let waits = application.output().matches("waiting until every region").count();
    assert!(waits >= 2 * turns, "{context}: {waits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_region_has_the_pending_version_before_set_secret_and_the_current_one_at_the_end() {
    let server = postgres().await;
    let [one, two, three] = server.setups().try_into().expect("three setups");
    tokio::join!(
        the_region_follows_every_step(server, one, 2),
        the_region_follows_every_step(server, two, 2),
        the_region_follows_every_step(server, three, 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_region_has_both_on_mysql_and_mariadb_too() {
    for server in all_of_mysql().await {
        for setup in server.setups() {
            the_region_follows_every_step(server, setup, 1).await;
        }
    }
}

/// Law 6, and what a person reads.
async fn a_region_that_never_follows<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.function, server.name());
    let timeout = Duration::from_secs(8);
    let application = replicated(server, Setup { timeout, ..setup }).await;
    delays(&application, NEVER);
    let version = application.begin().await;
    application.step("createSecret", &version).await.expect("createSecret");
    let failed = application.step("setSecret", &version).await.expect_err("the region is behind");
    let failed = format!("setSecret {}: {}", failed.error_type, failed.error_message);
    says(&failed, "ReplicationPending", &["before its password is set: eu-west-1 is not known to be InSync"]);
    assert!(application.signs_in("AWSCURRENT").await && signs_in_there(&application).await, "{context}");
    assert!(!application.signs_in("AWSPENDING").await, "{context}");

    follows(&application).await;
    application.step("setSecret", &version).await.expect("setSecret");
    application.step("testSecret", &version).await.expect("testSecret");
    delays(&application, NEVER);
    for _attempt in 0..2 {
        let failed = application.step("finishSecret", &version).await.expect_err("the region is behind");
        let failed = format!("finishSecret {}: {}", failed.error_type, failed.error_message);
        says(&failed, "ReplicationPending", &[&format!("{version}, which is AWSCURRENT, in every region")]);
        assert!(application.labels().await.contains(&format!("AWSCURRENT {version}")), "{context}");
    }
    follows(&application).await;
    operations(&application);
    application.step("finishSecret", &version).await.expect("the region is there");
    assert!(operations(&application).iter().all(|call| call == "DescribeSecret"), "{context}");
    assert!(signs_in_there(&application).await, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_not_there_in_time_is_named_and_the_next_attempt_only_looks_again() {
    let server = postgres().await;
    for setup in server.setups() {
        a_region_that_never_follows(server, setup).await;
    }
    let server = all_of_mysql().await[0];
    for setup in server.setups() {
        a_region_that_never_follows(server, setup).await;
    }
}

/// finishSecret stops at each of its calls, before and after its effect.
async fn a_crash_of_finish_secret<S: Server>(server: &S, setup: Setup<'_>, strategy: Strategy) {
    let context = format!("{} on {}", setup.function, server.name());
    let application = replicated(server, setup).await;
    let function = InProcess::of(&application, strategy).await;
    // Described, moved, described.
    for (call, moment, moved) in [
        (1, Moment::After, false),
        (2, Moment::Before, false),
        (2, Moment::After, true),
        (3, Moment::Before, true),
    ] {
        let version = application.begin().await;
        for step in &STEPS[..3] {
            function.step(&application, step, &version, &Crash::never()).await.expect(step);
        }
        let crash = Crash::at(call, moment);
        let ended = crash.until(function.step(&application, "finishSecret", &version, &crash)).await;
        assert!(ended.is_none(), "{call} {moment:?}: {context}");
        let labels = application.labels().await;
        assert_eq!(labels.contains(&format!("AWSCURRENT {version}")), moved, "{context}: {labels:?}");
        operations(&application);
        application.step("finishSecret", &version).await.expect("finishSecret");
        let called = operations(&application);
        assert_eq!(called.contains(&"UpdateSecretVersionStage".to_owned()), !moved, "{context}: {called:?}");
        assert!(!moved || called.iter().all(|call| call == "DescribeSecret"), "{context}: {called:?}");
        assert!(signs_in_there(&application).await, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_finish_secret_after_the_move_leaves_only_the_regions_to_look_at() {
    let server = postgres().await;
    let [one, two, three] = server.setups().try_into().expect("three setups");
    tokio::join!(
        a_crash_of_finish_secret(server, one, Strategy::SingleUser),
        a_crash_of_finish_secret(server, two, Strategy::AlternatingUsers),
        a_crash_of_finish_secret(server, three, Strategy::AlternatingUsers)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_runs_twice_at_once_with_a_replica() {
    let server = postgres().await;
    for setup in server.setups() {
        let application = replicated(server, setup).await;
        every_step_at_once(&application, 2).await;
        assert!(signs_in_there(&application).await);
    }
    let server = all_of_mysql().await[0];
    for setup in server.setups() {
        let application = replicated(server, setup).await;
        every_step_at_once(&application, 2).await;
        assert!(signs_in_there(&application).await);
    }
}
