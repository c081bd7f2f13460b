//! The replica cannot follow.

use aws_sdk_secretsmanager::types::StatusType;
use testbed::{Application, STEPS, Server, Setup};

use super::{
    all_of_mysql, break_replication, commands, operations, postgres, read_there, repair_replication,
    replicate, replicated, run_command, signs_in_there, status, there,
};
use crate::support::says;

/// Refused before anything is changed, in both regions; the commands, run as they are printed, end it.
async fn set_secret_stops<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.function, server.name());
    let application = replicated(server, setup).await;
    break_replication(&application);
    let failed = application.rotate_expect_err().await;
    says(&failed, "ReplicationFailed", &["SetSecret ", "eu-west-1 has Failed (\"Replication failed: "]);
    assert!(application.signs_in("AWSCURRENT").await && signs_in_there(&application).await, "{context}");
    assert!(!application.signs_in("AWSPENDING").await, "{context}");

    repair_replication(&application);
    let [again, _] = commands(&failed)[..] else { panic!("two commands: {failed}") };
    run_command(&application, again).await;
    assert_eq!(status(&application).await, Some(StatusType::InSync), "{context}");
    application.rotate_ok().await;
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert_eq!(read_there(&application).await, current, "{context}");
    assert!(signs_in_there(&application).await, "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_region_stops_set_secret_before_any_change_and_the_printed_command_repairs_it() {
    let server = postgres().await;
    for setup in server.setups() {
        set_secret_stops(server, setup).await;
    }
    for server in all_of_mysql().await {
        for setup in server.setups() {
            set_secret_stops(server, setup).await;
        }
    }
}

/// AWSCURRENT stays; the next attempts change nothing, and only look.
async fn finish_secret_stops<S: Server>(server: &S, setup: Setup<'_>) {
    let context = format!("{} on {}", setup.function, server.name());
    let application = replicated(server, setup).await;
    let version = application.begin().await;
    for step in &STEPS[..3] {
        application.step(step, &version).await.expect(step);
    }
    break_replication(&application);
    for _attempt in 0..2 {
        let failed = application.step("finishSecret", &version).await.expect_err("the region has failed");
        let failed = format!("finishSecret {}: {}", failed.error_type, failed.error_message);
        says(&failed, "ReplicationFailed", &["which is AWSCURRENT, in every region: eu-west-1 has Failed"]);
        assert!(application.labels().await.contains(&format!("AWSCURRENT {version}")), "{context}");
        assert!(application.signs_in("AWSCURRENT").await, "{context}");
    }
    operations(&application);
    let (step, failed) = application.repeat(&version).await.expect_err("the region has failed");
    assert_eq!(step, "finishSecret", "{context}");
    let mut called = operations(&application);
    called.retain(|call| call != "GetSecretValue");
    assert_eq!(called, ["DescribeSecret"; 4], "{context}");

    repair_replication(&application);
    let [again, _] = commands(&failed.error_message)[..] else { panic!("two commands: {failed:?}") };
    run_command(&application, again).await;
    application.repeat(&version).await.unwrap_or_else(|error| panic!("{context}: {error:?}"));
    assert!(signs_in_there(&application).await, "{context}");
    application.rotate_ok().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_fails_after_the_move_leaves_current_where_it_is_and_a_retry_only_looks() {
    let server = postgres().await;
    for setup in server.setups() {
        finish_secret_stops(server, setup).await;
    }
    let server = all_of_mysql().await[0];
    for setup in server.setups() {
        finish_secret_stops(server, setup).await;
    }
}

/// The rotation is given up with the region a version behind, and the next one would end the password that it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_a_rotation_behind_keeps_a_version_that_signs_in_under_alternating_users() {
    let server = postgres().await;
    let application = replicated(server, Setup::alternating_users()).await;
    let version = application.begin().await;
    for step in &STEPS[..3] {
        application.step(step, &version).await.expect(step);
    }
    break_replication(&application);
    application.step("finishSecret", &version).await.expect_err("the region has failed");
    // Its AWSCURRENT is the user whose turn it is.
    for _rotation in 0..2 {
        says(&application.rotate_expect_err().await, "ReplicationFailed", &["SetSecret "]);
        assert!(application.signs_in("AWSCURRENT").await && signs_in_there(&application).await);
    }
}

async fn failure<S: Server>(application: &Application<'_, S>) -> String {
    let failed = application.rotate_expect_err().await;
    says(&failed, "ReplicationFailed", &["SetSecret "]);
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_deletes_the_replica_lets_the_rotation_go_on() {
    let application = replicated(postgres().await, Setup::single_user()).await;
    break_replication(&application);
    let failed = failure(&application).await;
    let [_, remove] = commands(&failed)[..] else { panic!("two commands: {failed}") };
    run_command(&application, remove).await;
    assert_eq!(status(&application).await, None);
    application.rotate_ok().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_with_force_replaces_another_secret_of_that_name() {
    let application = Application::start(postgres().await, Setup::single_user()).await;
    let other = there(&application).create_secret().name("application").secret_string("another");
    other.send().await.expect("CreateSecret is accepted");
    replicate(&application, None).await;
    let failed = failure(&application).await;
    assert!(failed.contains("already exists in region eu-west-1"), "{failed}");
    let [again, _] = commands(&failed)[..] else { panic!("two commands: {failed}") };
    run_command(&application, again).await;
    assert_eq!(status(&application).await, Some(StatusType::Failed), "without force the other secret stays");
    let (_, option) = failed.split_once("(with ").expect("an option");
    let (option, _) = option.split_once(" it replaces").expect("an option");
    run_command(&application, &format!("{again} {option}")).await;
    application.rotate_ok().await;
    assert!(signs_in_there(&application).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_keeps_the_key_of_the_region() {
    let application = Application::start(postgres().await, Setup::single_user()).await;
    let key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    replicate(&application, Some(key)).await;
    break_replication(&application);
    let failed = failure(&application).await;
    repair_replication(&application);
    let [again, _] = commands(&failed)[..] else { panic!("two commands: {failed}") };
    run_command(&application, again).await;
    let replica = there(&application).describe_secret().secret_id("application").send().await;
    assert_eq!(replica.expect("a replica").kms_key_id(), Some(key));
    application.rotate_ok().await;
}
