//! A secret that is deleted, lost, kept, or read in another region.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::types::ReplicaRegionType;
use testbed::{credentials, functions};

use crate::runbook::{Administrated, Desk, RECOVERY, Section, mysql, mysql_and_mariadb, postgres};

async fn deleted<S: Administrated>(server: &S) {
    let section = Section::on(server, RECOVERY, "A secret that was deleted");
    for is_pending in [false, true] {
        let desk = Desk::rotated_by(server, "single-user").await;
        if is_pending {
            desk.stop_before("single-user", "testSecret").await;
        }
        desk.client.delete_secret().secret_id("app").send().await.expect("it is deleted");
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:nothing";
        let rotate = desk.client.rotate_secret().secret_id("app").rotation_lambda_arn(arn).send().await;
        assert!(rotate.is_err(), "no rotation begins");
        desk.rotate_ok(section.sh("restore-secret")).await;
        assert!(desk.signs_in("AWSCURRENT").await, "on {}, pending: {is_pending}", server.name());
        let described = desk.client.describe_secret().secret_id("app").send().await.expect("a secret");
        assert_eq!(described.rotation_enabled(), Some(true));
        desk.attach("single-user").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_is_restored_and_rotated_again() {
    deleted(postgres().await).await;
    if let Some(server) = mysql().await {
        deleted(server).await;
    }
}

/// What the page says of a rotation that was running.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_a_secret_that_is_deleted_meanwhile_fails_and_leaves_the_database() {
    let server = postgres().await;
    let desk = Desk::rotated_by(server, "single-user").await;
    let before = desk.credentials("AWSCURRENT").await.expect("a version");
    desk.stop_before("single-user", "setSecret").await;
    let version = desk.version("AWSPENDING").await.expect("a version");
    let arn = desk.arn("app").await;
    desk.client.delete_secret().secret_id("app").send().await.expect("it is deleted");
    let event = serde_json::json!({"Step": "setSecret", "SecretId": arn, "ClientRequestToken": version});
    let failed =
        desk.functions.invoke("rotate-postgres-single-user", &event).await.expect_err("it is deleted");
    let page = std::fs::read_to_string(testbed::environment::repository().join(RECOVERY)).expect("a page");
    assert!(page.contains(&format!("fails at its next step with `{}`", failed.error_type)), "{failed:?}");
    assert!(failed.error_message.contains("the secret is marked for deletion"), "{failed:?}");
    assert!(server.signs_in(&before, &desk.app.database).await);
    // The doctor prints the same commands.
    let event = serde_json::json!({"Diagnose": {"SecretId": arn}});
    let report = desk.functions.invoke("rotate-postgres-single-user", &event).await.expect("a report");
    let next = report["Next"].as_str().expect("a command").replace(&arn, "app");
    let section = Section::on(server, RECOVERY, "A secret that was deleted");
    let printed = section.sh("restore-secret").lines().collect::<Vec<_>>().join(", then ");
    assert_eq!(report["Worst"], "schedule", "{report:#}");
    assert_eq!(next, format!("run {printed}"));
}

const THERE: &str = "eu-west-1";

fn there<S: Administrated>(desk: &Desk<'_, S>) -> Client {
    Client::from_conf(desk.client.config().to_builder().region(Region::new(THERE)).build())
}

async fn taken_over<S: Administrated>(server: &S, strategy: &str) {
    let section = Section::on(server, RECOVERY, "Another region takes over");
    let renamed = Section::on(server, RECOVERY, "A database under a new name");
    let desk = Desk::rotated_by(server, strategy).await;
    let replica = ReplicaRegionType::builder().region(THERE).build();
    let replicate = desk.client.replicate_secret_to_regions().secret_id("app").add_replica_regions(replica);
    replicate.send().await.expect("it is replicated");
    let name = desk.function(strategy).rsplit_once(':').expect("a name").1.to_owned();
    let program = functions::program(name.trim_start_matches("rotate-")).await;
    desk.functions.add_program_in(THERE, &name, program, &[], Duration::from_secs(30));
    desk.set("FUNCTION", &desk.function(strategy).replace("us-east-1", THERE));
    desk.stand_in("new.db.example.com", "localhost");
    desk.stand_in("5432", &server.port().to_string());

    desk.sh(section.sh("export AWS_REGION")).await;
    desk.sh(renamed.sh("umask 077\nfor")).await;
    desk.rotate_ok(section.sh("rotate-secret")).await;
    desk.sh(section.sh("cancel-rotate-secret")).await;
    let here = desk.client.describe_secret().secret_id("app").send().await.expect("a secret");
    assert!(!here.rotation_enabled().unwrap_or_default(), "two secrets would set one password");
    let rotated = there(&desk).rotate_secret().secret_id("app").send().await.expect("it begins");
    let arn = rotated.arn().expect("an ARN");
    let rotation = desk.local.rotated(arn, rotated.version_id().expect("a version")).await;
    assert!(rotation.succeeded, "{strategy} on {}: {rotation:#?}", server.name());
    let current = credentials(&there(&desk), "app", "AWSCURRENT").await.expect("a version");
    assert!(server.signs_in(&current, &desk.app.database).await);
    renamed.excuse("umask 077\naws secretsmanager get-secret-value --secret-id superuser");
    renamed.excuse("rotate-secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_region_rotates_the_replica_that_was_promoted() {
    taken_over(postgres().await, "single-user").await;
    if let Some(server) = mysql().await {
        taken_over(server, "dual-password").await;
    }
}

async fn gone<S: Administrated>(server: &S) {
    let backup = Section::on(server, RECOVERY, "Backup");
    let section = Section::on(server, RECOVERY, "A secret that is gone");
    let password = Section::on(server, RECOVERY, "A database restored to an earlier time");
    let desk = Desk::rotated_by(server, "single-user").await;
    let rules = r#"{"ScheduleExpression": "cron(0 3 ? * SUN *)", "Duration": "3h"}"#;
    desk.sh(&format!(
        "aws secretsmanager rotate-secret --secret-id app --rotation-rules '{rules}' --no-rotate-immediately"
    ))
    .await;
    desk.sh(backup.sh("describe-secret")).await;
    let kept = desk.sh("cat app.*.json").await;
    let before = desk.credentials("AWSCURRENT").await.expect("a version");
    assert!(!kept.contains(&before.password) && kept.contains(&before.user), "{kept}");
    let delete = desk.client.delete_secret().secret_id("app").force_delete_without_recovery(true);
    delete.send().await.expect("it is deleted");

    let drawn = desk.sh(section.sh("umask 077")).await;
    let drawn = drawn.lines().last().expect("a password").to_owned();
    let block = password.sql(if server.name().starts_with("postgres") { "\\password" } else { "ALTER USER" });
    desk.sql_at(server, block, &drawn).await;
    desk.rotate_ok(section.sh("rotate-secret")).await;
    desk.attach("single-user").await;
    assert!(desk.signs_in("AWSCURRENT").await && !server.signs_in(&before, "").await);
    let described = desk.client.describe_secret().secret_id("app").send().await.expect("a secret");
    let rules = described.rotation_rules().expect("rules");
    assert_eq!((rules.schedule_expression(), rules.duration()), (Some("cron(0 3 ? * SUN *)"), Some("3h")));
    for words in ["rotate-secret", "get-secret-value", "umask"] {
        password.excuse(words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_gone_is_made_again_from_what_was_kept() {
    gone(postgres().await).await;
    for server in mysql_and_mariadb().await {
        gone(server).await;
    }
}

async fn drilled<S: Administrated>(server: &S) {
    let section = Section::on(server, RECOVERY, "A restoration drill");
    // The copy is another server under the same superuser only in name: the secret's user is what is tried.
    let desk = Desk::rotated_by(server, "alternating-users").await;
    desk.attach("alternating-users").await;
    let before = desk.credentials("AWSCURRENT").await.expect("a version");
    desk.set("FUNCTION", &desk.function("single-user"));
    desk.stand_in("drill.db.example.com", "localhost");
    desk.stand_in("5432", &server.port().to_string());
    desk.sh(section.sh("umask 077")).await;
    desk.rotate_ok(section.sh("create-secret")).await;
    assert!(server.signs_in(&before, &desk.app.database).await, "a test changes nothing");
    desk.rotate_ok(section.sh("rotate-secret")).await;
    assert!(!server.signs_in(&before, &desk.app.database).await);
    let drilled = credentials(&desk.client, "drill", "AWSCURRENT").await.expect("a version");
    assert!(server.signs_in(&drilled, &desk.app.database).await);
    desk.sh(section.sh("delete-secret")).await;
    assert!(desk.client.describe_secret().secret_id("drill").send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restoration_is_drilled() {
    drilled(postgres().await).await;
    if let Some(server) = mysql().await {
        drilled(server).await;
    }
}
