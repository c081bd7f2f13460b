//! What is wrong in Secrets Manager, in the function, or on the way to either.

use std::net::TcpListener;
use std::time::Duration;

use local_aws::Failure;
use serde_json::{Value, json};
use testbed::environment::{repository, set_by_cargo};
use testbed::functions::binaries;
use testbed::{Application, Server, Setup};
use tokio::process::Command;

use super::{diagnosing, finding, finds_nothing, next, report, rotated, run_commands};
use crate::support::postgres::newest;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_responds_to_no_diagnosis_unless_it_is_set_to() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let error = application.diagnose().await.expect_err("a refusal");
    assert_eq!(error.error_type, "Refused");
    assert!(error.error_message.contains("set DIAGNOSIS to true"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_no_function_rotates_is_found_and_not_read() {
    let application = Application::start(newest().await, diagnosing(Setup::single_user())).await;
    application.local.clear_calls();
    application.diagnose().await.expect("a report");
    let read = application.local.calls().iter().any(|call| format!("{call:?}").contains("GetSecretValue"));
    assert!(!read, "its value was read");
    let next = next(&application, "function", &["never configured", "--rotation-lambda-arn"]).await;
    run_commands(&application, &next).await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_function_is_not_looked_at() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let other = "postgres-alternating-users";
    application.functions.add(other, &[("DIAGNOSIS", "true")], Duration::from_secs(30)).await;
    let event = json!({"Diagnose": {"SecretId": application.arn}});
    application.local.clear_calls();
    let report = application.functions.invoke(other, &event).await.expect("a report");
    assert_eq!(report["Worst"], "function", "{report:#}");
    assert!(
        finding(&report, "AWSCURRENT")["Status"] == "skipped" && !report.to_string().contains("single-user")
    );
    assert_eq!(application.local.calls().len(), 1, "only DescribeSecret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_does_not_exist_is_found() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let event = json!({"Diagnose": {"SecretId": "no-such-secret"}});
    let report = application.functions.invoke("postgres-single-user", &event).await.expect("a report");
    assert_eq!((&report["Status"], &report["Worst"]), (&json!("fail"), &json!("description")), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_a_field_that_is_not_known_is_refused_by_name() {
    let application = rotated(newest().await, Setup::single_user()).await;
    for (event, named) in [
        (json!({"Diagnose": {"SecretId": application.arn, "Fix": true}}), "Fix is not known"),
        (json!({"Diagnose": {"SecretId": application.arn}, "Step": "setSecret"}), "Step is not known"),
        (json!({"Diagnose": {}}), "SecretId is missing"),
    ] {
        let error = application.functions.invoke("postgres-single-user", &event).await.expect_err(named);
        assert!(error.error_message.contains(named), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_no_secret_of_this_engine_is_found() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let good = application.stored("AWSCURRENT").await.expect("a version");
    let with = |name: &str, value: Value| {
        let mut secret = good.clone();
        secret[name] = value;
        secret
    };
    for (secret, said) in [
        (json!("hunter2-hunter2"), "JSON"),
        (with("engine", json!("mysql")), "engine"),
        (with("host", json!("p.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com")), "RDS Proxy"),
        (with("port", json!(70_000)), "port"),
        (with("password", json!("")), "password"),
    ] {
        let text = secret.as_str().map_or_else(|| secret.to_string(), str::to_owned);
        let call = application.client.put_secret_value().secret_id(&application.arn).secret_string(text);
        call.send().await.expect("PutSecretValue is accepted");
        let invoked = application.diagnose().await.expect("a report");
        assert_eq!(invoked["Worst"], "AWSCURRENT", "{invoked:#}");
        let seen = finding(&invoked, "AWSCURRENT").to_string();
        assert!(seen.contains(said) && !seen.contains("hunter2"), "{seen}");
    }
    application.store_current(&good).await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_off_is_found() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let cancelled = application.client.cancel_rotate_secret().secret_id(&application.arn).send().await;
    cancelled.expect("CancelRotateSecret is accepted");
    let next = next(&application, "schedule", &["rotation is not enabled"]).await;
    run_commands(&application, &next).await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_rotation_is_a_warning_and_the_next_one_goes_on_with_it() {
    let server = newest().await;
    for setup in server.setups() {
        let application = rotated(server, setup).await;
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let next = next(&application, "labels", &["AWSPENDING is on"]).await;
        run_commands(&application, &next).await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_that_no_rotation_wrote_is_found_and_removed() {
    let application = rotated(newest().await, Setup::single_user()).await;
    for (name, value) in [("username", json!("another")), ("port", json!(1)), ("ssl", json!(true))] {
        let version = application.begin().await;
        let mut secret = application.stored("AWSCURRENT").await.expect("a version");
        secret[name] = value;
        application.store_pending(&version, &secret).await;
        let report = report(&application).await;
        assert_eq!(report["Worst"], "AWSPENDING", "{report:#}");
        run_commands(&application, report["Next"].as_str().expect("a text")).await;
        finds_nothing(&application, name).await;
    }
}

/// Who may write the secret chooses the version's id, and another person runs the command.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_a_version_is_one_word_of_the_command() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let id = "0123456789012345678901234567'; touch owned #";
    let put = application.client.put_secret_value().secret_id(&application.arn).client_request_token(id);
    put.version_stages("AWSPENDING").secret_string("7").send().await.expect("PutSecretValue is accepted");
    let next = next(&application, "AWSPENDING", &["must be a JSON object"]).await;
    let command = next.strip_prefix("run ").and_then(|run| run.split(", then").next()).expect("a command");
    let shell = Command::new("sh").args(["-c", &format!("printf '%s|' {command}")]).output().await;
    let words = String::from_utf8(shell.expect("sh runs").stdout).expect("text");
    assert!(words.ends_with(&format!("|--remove-from-version-id|{id}|")), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_an_abandoned_rotation_left_on_a_version_without_a_label_is_found() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let pending = application.begin().await;
    for step in ["createSecret", "setSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    // Still pending: the next rotation goes on with it.
    next(&application, "sign-in", &["AWSPENDING signs in"]).await;
    let mut repaired = application.stored("AWSCURRENT").await.expect("a version");
    repaired["note"] = "put back by hand".into();
    application.store_current(&repaired).await;
    let next =
        next(&application, "sign-in", &["AWSCURRENT is rejected", &format!("version {pending} signs in")])
            .await;
    run_commands(&application, &next).await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_role_may_not_is_found() {
    for (operation, worst, status) in [
        ("DescribeSecret", "description", "fail"),
        ("GetSecretValue", "AWSCURRENT", "fail"),
        ("ListSecretVersionIds", "versions without a label", "warn"),
    ] {
        let application = rotated(newest().await, Setup::single_user()).await;
        application.local.fail(Failure::refuse(operation, 1, "AccessDeniedException"));
        let report = report(&application).await;
        assert_eq!((&report["Worst"], &report["Status"]), (&json!(worst), &json!(status)), "{report:#}");
        assert!(
            finding(&report, worst)["Fix"].as_str().is_some_and(|fix| fix.contains("role")),
            "{report:#}"
        );
        finds_nothing(&application, "once it may").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_for_another_server_is_found() {
    let server = newest().await;
    let application = rotated(server, Setup::alternating_users()).await;
    let good = server.superuser_secret().await;
    let mut elsewhere = good.clone();
    elsewhere["host"] = "elsewhere.example".into();
    application.store_superuser(&elsewhere).await;
    next(&application, "next password", &["neither the secret's host", "correct masterarn or host"]).await;
    application.store_superuser(&good).await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}

/// Worst first, ending in the one thing to do; the exit status says whether a rotation would fail.
#[tokio::test(flavor = "multi_thread")]
async fn local_aws_prints_a_diagnosis_for_a_person() {
    let server = newest().await;
    let application = rotated(server, Setup::single_user()).await;
    let doctor = async || {
        let mut command = Command::new(binaries().await.join("local-aws"));
        command.args(["doctor", &application.arn, "--endpoint", &application.local.url()]);
        command.env("LOCAL_AWS_ACCESS_KEY", application.local.access_key().expose());
        let output = command.env("AWS_REGION", "us-east-1").output().await.expect("local-aws runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (succeeded, printed) = doctor().await;
    assert!(succeeded && printed.ends_with("\nnothing is wrong\n"), "{printed}");
    let user = testbed::postgres::name(application.app.user());
    server.execute("postgres", &format!("ALTER ROLE {user} NOLOGIN")).await;
    let (succeeded, printed) = doctor().await;
    let lines: Vec<_> = printed.lines().collect();
    assert!(!succeeded && lines[1].starts_with("  fail     sign-in"), "{printed}");
    assert!(lines.last().is_some_and(|last| last.starts_with("next: unlock the account")), "{printed}");
}

/// What could not be read may be the one password that signs in: it is not given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_that_cannot_be_read_is_not_removed() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let pending = application.begin().await;
    for step in ["createSecret", "setSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    application.local.fail(Failure::refuse("GetSecretValue", 2, "AccessDeniedException"));
    let report = report(&application).await;
    let found = finding(&report, "AWSPENDING");
    assert!(!found["Fix"].to_string().contains("--remove-from-version-id"), "{report:#}");
    let next = next(&application, "sign-in", &["AWSPENDING signs in"]).await;
    run_commands(&application, &next).await;
    finds_nothing(&application, "cured").await;
}

/// The report's own words are no place of a password.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_a_word_of_the_report_leaves_the_report_whole() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let mut secret = application.stored("AWSCURRENT").await.expect("a version");
    secret["password"] = "fail".into();
    application.store_current(&secret).await;
    let report = application.diagnose().await.expect("a report");
    assert_eq!(report["Status"], "fail", "{report:#}");
}

/// A function that has hardly any time responds, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_a_short_timeout_responds() {
    // It takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("http://{}", listener.local_addr().expect("an address"));
    for seconds in [3, 15] {
        let application = rotated(newest().await, Setup::single_user()).await;
        let other = "postgres-single-user";
        let environment = [("DIAGNOSIS", "true"), ("SECRETS_MANAGER_ENDPOINT", &*silent)];
        application.functions.add(other, &environment, Duration::from_secs(seconds)).await;
        let event = json!({"Diagnose": {"SecretId": application.arn}});
        let report = application.functions.invoke(other, &event).await.expect("a report");
        assert_eq!(report["Worst"], "description", "{report:#}");
    }
}

/// By the pinned AWS CLI, as against Lambda.
#[tokio::test(flavor = "multi_thread")]
async fn make_doctor_prints_a_diagnosis_of_a_function() {
    let application = rotated(newest().await, Setup::single_user()).await;
    binaries().await;
    let mut command = Command::new("make");
    command
        .args(["--silent", "doctor", "FUNCTION=postgres-single-user"])
        .arg(format!("SECRET={}", application.arn));
    for variable in set_by_cargo() {
        command.env_remove(variable);
    }
    command.env("AWS_ENDPOINT_URL_LAMBDA", application.functions.url()).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any");
    let output = command.current_dir(repository()).output().await.expect("make runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.ends_with("\nnothing is wrong\n"), "{printed}{said}");
}
