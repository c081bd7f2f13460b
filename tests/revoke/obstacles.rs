//! What stands in the way: services and servers that fail, other runs, the rules of an account.

use local_aws::Failure;
use testbed::environment::{repository, set_by_cargo};
use testbed::{MySqlVersion, Postgres, Setup, mysql, mysql_versions, postgres, postgres_versions};
use tokio::process::Command;

use super::postgres::server;
use super::{Clients as _, Desk, application, current};

/// By make, with what it prints itself, and the options that the first command had.
#[tokio::test(flavor = "multi_thread")]
async fn make_revoke_does_what_it_prints() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let credentials = current(&application).await.1;
    testbed::functions::program("revoke").await;
    let desk = Desk::of(&application);
    let make = async |command: &str| {
        let mut make = Command::new("bash");
        make.args(["-c", command]).current_dir(repository());
        for variable in set_by_cargo() {
            make.env_remove(variable);
        }
        make.envs(desk.environment.iter().filter(|(name, _)| !["PATH", "HOME"].contains(name)).cloned());
        let output = make.output().await.expect("make runs");
        let (said, error) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command}: {said}{error}");
        said.into_owned()
    };
    let also = format!("127.0.0.1:{}", server.port());
    let plan = make(&format!(
        "make --silent revoke SECRET={} ADMINISTRATOR={} REVOKE='--also {also} --wait 60'",
        application.arn, application.superuser_arn
    ))
    .await;
    assert!(plan.contains("nothing was changed"), "{plan}");
    let all =
        plan.lines().find_map(|line| line.split_once("all that is needed:")).expect("a command").1.trim();
    assert!(all.contains(&format!("ADMINISTRATOR={}", application.superuser_arn)), "{plan}");
    let said = make(&all.replace("make revoke", "make --silent revoke")).await;
    assert!(said.contains(&format!(", {also}, where AWSCURRENT signs in")), "{said}");
    assert!(!server.signs_in(&credentials, &application.app.database).await);
    let error = Command::new("make").args(["--silent", "revoke"]).current_dir(repository()).output().await;
    let error = String::from_utf8(error.expect("make runs").stderr).expect("UTF-8");
    assert!(error.contains("make revoke needs SECRET="), "{error}");
}

/// A replica that does not respond leaves no session open at the server itself.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_at_the_server_itself_end_before_a_replica_is_waited_for() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let (leaked, credentials) = current(&application).await;
    let mut open = server.open(&credentials).await;
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all", "--also", "localhost:1"];
    let error = Desk::of(&application).not_revoked(&command).await;
    assert!(error.contains("localhost:1"), "{error}");
    assert!(Postgres::ends(&mut open).await, "{error}");
}

/// One look at a rotation that fails is no reason to give up while the password goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_is_repeated() {
    let server = server(postgres_versions()[0]).await;
    // The function makes such calls as well, and gets another attempt if one of its own fails.
    let application = application(&server, Setup { attempts: 5, ..Setup::single_user() }).await;
    let leaked = current(&application).await.0;
    // The first two calls are before the rotation.
    application.local.fail(Failure::refuse("DescribeSecret", 3, "AccessDeniedException"));
    let said = Desk::of(&application).revoked(&[&application.arn, "--leaked", &leaked, "--run", "all"]).await;
    assert!(said.contains("proven"), "{said}");
}

/// Two people at once, or a person and a schedule.
#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_come_to_the_same_end() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::alternating_users()).await;
    let (leaked, credentials) = current(&application).await;
    let desk = Desk::of(&application);
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all", "--wait", "60"];
    let (one, other) = tokio::join!(desk.revoke(&command), desk.revoke(&command));
    for said in [one, other] {
        // Its own session may be older than that of the other run.
        let is_cut_off = said.error.contains("run the same command again");
        assert!(said.succeeded || is_cut_off, "{}{}", said.out, said.error);
        assert!(!said.error.contains("has not ended within"), "{}{}", said.out, said.error);
    }
    desk.revoked(&command).await;
    assert!(!server.signs_in(&credentials, &application.app.database).await);
    assert!(application.signs_in("AWSCURRENT").await);
}

/// The tool's own attempts are rejected sign-ins, and must not lock out who has the right password.
#[tokio::test(flavor = "multi_thread")]
async fn the_proof_locks_nobody_out() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = super::mysql::server(MySqlVersion::MySql97).await;
    for setup in [Setup::mysql_single_user(), Setup::mysql_alternating_users()] {
        let application = application(&server, setup).await;
        let (leaked, credentials) = current(&application).await;
        let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
        let base = credentials.user.trim_end_matches("_clone");
        let rule = "FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME UNBOUNDED";
        server.execute(&format!("ALTER USER {}@`%` {rule}", mysql::name(base))).await;
        let desk = Desk::of(&application);
        for _time in 0..3 {
            desk.revoked(&command).await;
            assert!(application.signs_in("AWSCURRENT").await);
        }
        let previous = application.credentials("AWSPREVIOUS").await.expect("a previous version");
        if previous.user != credentials.user {
            assert!(server.signs_in(&previous, "").await, "applications may still have it");
        }
    }
}

/// Somebody who locked the account first, as the fastest way to keep others out, has not ended the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_account_does_not_count_as_a_dead_password() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let (leaked, credentials) = current(&application).await;
    let (desk, role) = (Desk::of(&application), postgres::name(&credentials.user));
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    server.execute("postgres", &format!("ALTER ROLE {role} NOLOGIN")).await;
    let error = desk.not_revoked(&command).await;
    assert!(error.contains("unlock the account (ACCOUNT UNLOCK; PostgreSQL: LOGIN)"), "{error}");
    server.execute("postgres", &format!("ALTER ROLE {role} LOGIN")).await;
    assert!(desk.revoked(&command).await.contains("proven"));
}
