//! The contract with Secrets Manager, on PostgreSQL.

use serde_json::json;
use testbed::{Application, Postgres, Server, Setup, postgres_versions};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_of_the_secret_are_kept_in_their_order() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let fields = json!({"zulu": [1, {"b": null, "a": 1.5}], "alpha": "kept", "dbInstanceIdentifier": "db-1"});
    let application = Application::start(server, Setup { fields, ..Setup::single_user() }).await;
    let keys = |secret: &serde_json::Value| -> Vec<String> {
        secret.as_object().expect("an object").keys().cloned().collect()
    };
    let before = application.stored("AWSCURRENT").await.expect("a first version");
    application.rotate_ok().await;
    let mut after = application.stored("AWSCURRENT").await.expect("a current version");
    assert_eq!(keys(&after), keys(&before));
    after["password"] = before["password"].clone();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rotation_token_is_passed_on_to_secrets_manager() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    application.rotate_ok().await;
    let puts: Vec<_> =
        application.local.calls().into_iter().filter(|call| call.operation == "PutSecretValue").collect();
    assert!(puts.len() == 1 && puts[0].rotation_token, "{puts:?}");
}

/// `RotateImmediately=false` calls testSecret alone, on a copy of the current version.
#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_rotation_that_is_not_immediate_passes_under_every_strategy() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            for _turn in 0..3 {
                // The service moves AWSPENDING to the current version, where it has no meaning.
                let labels = async || {
                    let labels = application.labels().await;
                    labels.into_iter().filter(|label| !label.starts_with("AWSPENDING")).collect::<Vec<_>>()
                };
                let before = labels().await;
                application.probe().await;
                assert_eq!(labels().await, before);
                application.rotate_ok().await;
            }
        }
    }
}

/// This test promotes nothing, so a difference that a rotation would fix is no error yet.
#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_clone_that_has_drifted_passes_with_a_warning() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    application.rotate_ok().await;
    server.execute("postgres", &format!("ALTER ROLE {} SET work_mem = '7MB'", application.app.user())).await;
    application.probe().await;
    let output = application.output();
    assert!(output.contains("a rotation would find") && output.contains("work_mem differs"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_awss_functions_shape_the_password() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let environment = vec![
        ("PASSWORD_LENGTH", "48"),
        ("EXCLUDE_PUNCTUATION", "true"),
        ("EXCLUDE_UPPERCASE", "Yes"),
        ("EXCLUDE_CHARACTERS", "abc012"),
    ];
    let application = Application::start(server, Setup { environment, ..Setup::single_user() }).await;
    application.rotate_ok().await;
    let password = application.credentials("AWSCURRENT").await.expect("a current version").password;
    assert_eq!(password.len(), 48);
    assert!(password.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{password}");
    assert!(!password.contains(['a', 'b', 'c', '0', '1', '2']), "{password}");
}
