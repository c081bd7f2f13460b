//! No password, verifier or rotation token in any log of ours, no plain password in any log of a server.

mod memory;
mod mysql;
mod server_messages;

use local_aws::Failure;
use serde_json::json;
use testbed::{Application, Postgres, Server, Setup, postgres_versions};

/// All passwords and verifiers that a rotation has to do with.
async fn secrets_of(application: &Application<'_>) -> Vec<String> {
    let mut secrets = vec![
        application.app.credentials.password.clone(),
        application.server.admin().await.password.clone(),
        "test-rotation-token".to_owned(),
    ];
    for stage in ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"] {
        secrets.extend(application.credentials(stage).await.map(|credentials| credentials.password));
    }
    let verifiers = "SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL";
    for verifier in application.server.values("postgres", verifiers).await {
        // The keys of SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>.
        secrets.extend(
            verifier.split('$').nth(2).map(|keys| keys.split(':').map(String::from)).into_iter().flatten(),
        );
    }
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn no_servers_log_holds_a_password_after_rotations() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let log = server.log();
            let application = Application::start(server, setup).await;
            let mut passwords = Vec::new();
            for _ in 0..3 {
                application.rotate_ok().await;
                passwords.extend(application.credentials("AWSCURRENT").await.map(|current| current.password));
            }
            passwords.push(server.admin().await.password.clone());
            // The log does hold the statements: a search in a silent log would prove nothing.
            assert!(log.contains("ALTER ROLE"), "the server does not log statements");
            for password in passwords {
                assert!(!log.contains(&password), "a password is in the log of {version}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_of_ours_holds_a_secret_at_the_lowest_level() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        let application = Application::start(server, Setup { attempts: 2, ..setup }).await;
        let mut secrets = secrets_of(&application).await;
        for failing in ["GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage"] {
            application.local.fail(Failure::refuse(failing, 1, "AccessDeniedException"));
            application.rotate().await;
            secrets.extend(secrets_of(&application).await);
        }
        // Step by step, so that the test knows the rotation token.
        let version = application.begin().await;
        for step in testbed::STEPS {
            application.step(step, &version).await.expect(step);
        }
        secrets.extend(secrets_of(&application).await);
        let output = application.output();
        assert!(output.contains("\"level\":\"INFO\"") && output.contains("step done"), "{output}");
        for secret in secrets {
            assert!(!output.contains(&secret), "a secret is in the output: {output}");
        }
    }
}

/// What Secrets Manager says about a request may quote it.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_sdk_is_a_code_and_a_request_id_and_never_a_body() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    application.local.fail(Failure::refuse("PutSecretValue", 1, "InvalidRequestException"));
    let said = application.rotate_expect_err().await;
    assert!(said.contains("InvalidRequestException"), "{said}");
    assert!(!said.contains("fails as planned"), "the service's words are in: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_output_is_json_with_a_level_and_names_the_step() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup { environment: vec![], ..Setup::single_user() }).await;
    application.rotate_ok().await;
    application.local.fail(Failure::refuse("PutSecretValue", 1, "AccessDeniedException"));
    application.rotate_expect_err().await;
    let output = application.output();
    let lines =
        output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    let (metrics, lines): (Vec<_>, Vec<_>) =
        lines.partition(|line: &serde_json::Value| line["_aws"].is_object());
    // One for each of five steps.
    assert_eq!(metrics.len(), 5, "{output}");
    assert!(lines.iter().all(|line| line["level"].is_string() && line["message"].is_string()), "{output}");
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "an error is logged once: {output}");
    assert_eq!(errors[0]["error.class"], json!("AccessDenied"));
    assert_eq!(errors[0]["span"]["step"], json!("createSecret"));
    assert_eq!(errors[0]["span"]["secret.id"], json!(application.arn));
}
