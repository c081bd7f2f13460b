//! Invalid events, secrets and settings: a clear error names the field, nothing is changed anywhere, and no secret is repeated.

mod mysql;
mod shapes;

use serde_json::{Value, json};
use testbed::{Application, STEPS, Setup};

use crate::support::MARK;
use crate::support::postgres::{newest, users_and_labels};

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_event_is_refused_with_every_fault_at_once() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let version = application.begin().await;
    let before = users_and_labels(&application).await;
    let whole = application.event("createSecret", &version);
    let without = |field: &str| {
        let mut event = whole.clone();
        event.as_object_mut().expect("an object").remove(field);
        event
    };
    let with = |field: &str, value: Value| {
        let mut event = whole.clone();
        event[field] = value;
        event
    };
    let cases: [(Value, &[&str]); 9] = [
        (without("Step"), &["Step is missing"]),
        (without("SecretId"), &["SecretId is missing"]),
        (without("ClientRequestToken"), &["ClientRequestToken is missing"]),
        (with("Step", json!(MARK)), &["Step must be one of"]),
        (with("Step", json!("CreateSecret")), &["Step must be one of"]),
        (with("RotationToken", json!(MARK)), &["RotationToken must be"]),
        (json!({"SecretId": [MARK]}), &["Step", "SecretId", "ClientRequestToken"]),
        (json!([MARK]), &["must be a JSON object"]),
        (json!(null), &["must be a JSON object"]),
    ];
    for (event, said) in cases {
        let refusal = application.functions.invoke("postgres-single-user", &event).await;
        let refusal = refusal.expect_err("no event");
        assert_eq!(refusal.error_type, "Refused", "{event}");
        for part in said {
            assert!(refusal.error_message.contains(part), "{part} is not in: {}", refusal.error_message);
        }
        assert!(!refusal.error_message.contains(MARK), "{}", refusal.error_message);
    }
    assert_eq!(users_and_labels(&application).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_no_database_secret_is_refused_with_every_fault_at_once() {
    let cases: [(Value, &[&str]); 10] = [
        (json!({"engine": "oracle"}), &["engine must be one of postgres, aurora-postgresql"]),
        (
            json!({"engine": null, "host": null, "username": null}),
            &["engine is missing", "host is missing", "username is missing"],
        ),
        (json!({"port": 70000}), &["port must be a whole number from 1 to 65535"]),
        (json!({"port": MARK, "ssl": MARK}), &["port must be", "ssl must be true or false"]),
        (json!({"username": ""}), &["username must be"]),
        (json!({"password": "", "dbname": 7}), &["password must be", "dbname must be"]),
        (json!({"host": "/var/run/hunter2"}), &["host must be"]),
        (json!({"username": "x".repeat(64)}), &["longer than 63 bytes"]),
        (json!({"username": "a,b"}), &["holds a comma"]),
        (json!({"username": "משתמש"}), &["SASLprep"]),
    ];
    for (fields, said) in cases {
        let application =
            Application::start(newest().await, Setup { fields: fields.clone(), ..Setup::single_user() })
                .await;
        let before = application.stored("AWSCURRENT").await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.starts_with("CreateSecret Refused: "), "{refusal}");
        for part in said {
            assert!(refusal.contains(part), "{part} is not in: {refusal}");
        }
        assert!(!refusal.contains(MARK), "{refusal}");
        assert_eq!(application.stored("AWSCURRENT").await, before);
        assert_eq!(application.stored("AWSPENDING").await, None, "{fields}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_json_is_refused() {
    for text in [MARK, "\"hunter2\"", "[\"hunter2\"]", "{\"password\": hunter2}"] {
        let application = Application::start(newest().await, Setup::single_user()).await;
        let call = application.client.put_secret_value().secret_id(&application.arn).secret_string(text);
        call.send().await.expect("PutSecretValue is accepted");
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("must be") && refusal.contains("JSON"), "{refusal}");
        assert!(!refusal.contains(MARK), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_too_long_for_a_clone_is_refused() {
    let fields = json!({"username": "x".repeat(58)});
    let application =
        Application::start(newest().await, Setup { fields, ..Setup::alternating_users() }).await;
    let refusal = application.rotate_expect_err().await;
    assert!(
        refusal.starts_with("CreateSecret Refused") && refusal.contains("longer than 63 bytes"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_over_the_limit_that_the_operator_sets_is_refused() {
    let environment = vec![("USERNAME_CHARACTER_LIMIT", "9")];
    let application =
        Application::start(newest().await, Setup { environment, ..Setup::alternating_users() }).await;
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("longer than 9 characters, the USERNAME_CHARACTER_LIMIT"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_unknown_or_not_pending_and_a_secret_without_rotation_are_refused() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let abandoned = application.begin().await;
    application.step("createSecret", &abandoned).await.expect("createSecret");
    application.abandon(&abandoned).await;
    let previous = application.labels().await;
    let before = users_and_labels(&application).await;
    for step in STEPS {
        let refusal = application.step(step, &abandoned).await.expect_err(step);
        assert!(refusal.error_message.contains("has no label, or does not exist"), "{refusal:?}");
        let unknown = "00000000-0000-4000-8000-000000000000";
        let refusal = application.step(step, unknown).await.expect_err(step);
        assert!(refusal.error_message.contains("has no label, or does not exist"), "{refusal:?}");
    }
    assert_eq!(users_and_labels(&application).await, before);
    assert_eq!(application.labels().await, previous);

    application.rotate_ok().await;
    let labels = application.labels().await;
    let previous =
        labels.iter().find_map(|label| label.strip_prefix("AWSPREVIOUS ")).expect("a previous version");
    for step in STEPS {
        let refusal = application.step(step, previous).await.expect_err(step);
        assert!(refusal.error_message.contains("is not AWSPENDING"), "{refusal:?}");
    }

    let pending = application.begin().await;
    application
        .client
        .cancel_rotate_secret()
        .secret_id(&application.arn)
        .send()
        .await
        .expect("CancelRotateSecret");
    let refusal = application.step("createSecret", &pending).await.expect_err("rotation is disabled");
    assert!(refusal.error_message.contains("rotation is not enabled"), "{refusal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_before_create_secret_is_refused() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let version = application.begin().await;
    let before = users_and_labels(&application).await;
    for step in &STEPS[1..3] {
        let refusal = application.step(step, &version).await.expect_err(step);
        assert!(refusal.error_message.contains("has no value; createSecret has to run"), "{refusal:?}");
    }
    assert_eq!(users_and_labels(&application).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rds_proxy_as_host_is_refused() {
    let host = json!({"host": "shop.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com"});
    let application =
        Application::start(newest().await, Setup { fields: host, ..Setup::single_user() }).await;
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("is an RDS Proxy") && refusal.contains("database's own address"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_environment_variable_is_refused() {
    let cases = [
        (
            ("SECRETS_MANAGER_ENDPOINT", "http://secretsmanager.example"),
            "SECRETS_MANAGER_ENDPOINT must be an https URL",
        ),
        (("AWS_ENDPOINT_URL_RDS", "http://rds.example"), "AWS_ENDPOINT_URL_RDS must be an https URL"),
        (("PASSWORD_LENGTH", "7"), "PASSWORD_LENGTH must be from 8 to 256"),
        (("PASSWORD_LENGTH", "many"), "PASSWORD_LENGTH must be a whole number"),
        (("EXCLUDE_CHARACTERS", "0123456789"), "EXCLUDE_CHARACTERS removes all numbers"),
        (("DATABASE_CA_FILE", "/nowhere.pem"), "DATABASE_CA_FILE /nowhere.pem cannot be read"),
        (("AWS_CA_BUNDLE", "/nowhere.pem"), "AWS_CA_BUNDLE /nowhere.pem cannot be read"),
        (("AWS_CA_BUNDLE", "/dev/null"), "the file that AWS_CA_BUNDLE names cannot be used"),
        (("PGSSLKEY", "/key.pem"), "PGSSLKEY must not be set"),
    ];
    for (variable, said) in cases {
        let setup = Setup { environment: vec![variable], ..Setup::single_user() };
        let application = Application::start(newest().await, setup).await;
        application.rotate_expect_err().await;
        assert!(application.output().contains(said), "{said} is not in: {}", application.output());
        assert!(application.signs_in("AWSCURRENT").await);
    }
}
