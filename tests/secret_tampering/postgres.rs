//! Secrets that an attacker has written, on PostgreSQL.

use std::error::Error as _;

use rotation::Strategy;
use serde_json::json;
use testbed::crash::Crash;
use testbed::{
    App, Application, Credentials, InProcess, Postgres, PostgresOptions, Server, Setup, postgres_versions,
    store,
};

use crate::support::postgres::{newest, users_and_labels};
use crate::support::{MARK, superuser_was_not_touched};

/// A person who can write the secret must not reach another server, or another user, with these functions.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_that_differs_in_more_than_user_and_password_is_refused() {
    let server = newest().await;
    for setup in server.setups() {
        for (field, value) in [
            ("host", json!("evil.example")),
            ("port", json!(1)),
            ("engine", json!("aurora-postgresql")),
            ("dbname", json!("other")),
            ("ssl", json!(false)),
            ("masterarn", json!("arn:aws:secretsmanager:us-east-1:123456789012:secret:evil-AAAAAA")),
            ("note", json!(MARK)),
        ] {
            let application = Application::start(server, setup.clone()).await;
            let version = application.begin().await;
            let mut pending = application.stored("AWSCURRENT").await.expect("a first version");
            if setup.function == "postgres-alternating-users" {
                pending["username"] = json!(format!("{}_clone", application.app.user()));
            }
            pending["password"] = json!("planted");
            pending[field] = value;
            application.store_pending(&version, &pending).await;
            let before = users_and_labels(&application).await;
            application.step("createSecret", &version).await.expect("createSecret keeps what is there");
            application.local.clear_calls();
            let refusal = application.step("setSecret", &version).await.expect_err(field);
            assert!(refusal.error_message.contains(&format!("{field} is")), "{refusal:?}");
            assert!(!refusal.error_message.contains(MARK), "{refusal:?}");
            assert_eq!(users_and_labels(&application).await, before, "{field}");
            superuser_was_not_touched(&application);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_for_another_user_is_refused() {
    let server = newest().await;
    let victim = App::create(server, "victim").await;
    for setup in server.setups() {
        let application = Application::start(server, setup).await;
        let version = application.begin().await;
        let mut pending = application.stored("AWSCURRENT").await.expect("a first version");
        pending["username"] = json!(victim.user());
        pending["password"] = json!("planted");
        application.store_pending(&version, &pending).await;
        application.local.clear_calls();
        let refusal = application.step("setSecret", &version).await.expect_err("another user");
        assert!(refusal.error_message.contains("username is"), "{refusal:?}");
        superuser_was_not_touched(&application);
        assert!(server.signs_in(&victim.credentials, &victim.database).await);
    }
}

/// The confused deputy: AWSCURRENT names a user whose password the writer does not have.
#[tokio::test(flavor = "multi_thread")]
async fn a_current_version_for_a_user_that_its_writer_does_not_own_is_refused() {
    let server = newest().await;
    let victim = App::create(server, "victim").await;
    for setup in server.setups() {
        let superuser = json!({"username": victim.user(), "password": "guessed"});
        let application = Application::start(server, Setup { fields: superuser, ..setup.clone() }).await;
        // The secret names a superuser under single user, too.
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = json!(application.superuser_arn);
        application.store_current(&current).await;
        // AWSPREVIOUS does not prove another user either.
        let mut own = current.clone();
        own["username"] = json!(application.app.user());
        own["password"] = json!(application.app.credentials.password);
        application.store_current(&own).await;
        application.store_current(&current).await;
        application.local.clear_calls();
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.starts_with("SetSecret Refused"), "{refusal}");
        assert!(refusal.contains("\\password"), "there is no remedy in: {refusal}");
        superuser_was_not_touched(&application);
        assert!(server.signs_in(&victim.credentials, &victim.database).await);
    }
}

/// A name that ends in `_clone` does not make a user a clone.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_named_as_a_clone_of_another_applications_user_is_refused() {
    let server = &start(postgres_versions()[0]).await;
    let victim = App::create(server, "victim").await;
    let attacker = Credentials::new(&format!("{}_clone", victim.user()));
    server
        .execute("postgres", &format!("CREATE ROLE {} LOGIN", testbed::postgres::name(&attacker.user)))
        .await;
    server.set_password(&attacker).await;
    let fields = json!({"username": attacker.user, "password": attacker.password});
    let application = Application::start(server, Setup { fields, ..Setup::alternating_users() }).await;
    let log = server.log();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("nothing shows that"), "{refusal}");
    assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "the superuser signed in");
    assert!(server.signs_in(&victim.credentials, &victim.database).await);
}

/// The worst a writer of the secret can have: a server of its own with a certificate that we trust, an account that
/// signs in there, and our superuser's ARN.
#[tokio::test(flavor = "multi_thread")]
async fn a_current_version_for_a_server_of_its_writers_own_is_refused() {
    let version = postgres_versions()[0];
    let [ours, theirs] = [start(version).await, start(version).await];
    for setup in ours.setups() {
        let application = Application::start(&ours, setup.clone()).await;
        let writer = App::create(&theirs, "writer").await;
        let mut current = writer.secret(&theirs);
        current["masterarn"] = json!(application.superuser_arn);
        application.store_current(&current).await;
        let logs = [ours.log(), theirs.log()];
        let refusal = match setup.function {
            "postgres-alternating-users" => application.rotate_expect_err().await,
            _ => by_the_superuser_instead(&application).await,
        };
        assert!(refusal.contains("is neither the secret's host"), "{refusal}");
        assert!(theirs.signs_in(&writer.credentials, &writer.database).await);
        for log in logs {
            assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "the superuser signed in");
        }
    }
}

async fn start(version: u16) -> Postgres {
    let server = Postgres::start(version, PostgresOptions::default()).await;
    server.admin().await;
    server
}

/// A single user whose server says that nobody may change its own password: what is refused then.
async fn by_the_superuser_instead(application: &Application<'_>) -> String {
    let (function, barred) =
        (InProcess::of(application, Strategy::SingleUser).await, Crash::restricting_password_commands());
    let version = application.begin().await;
    application.step("createSecret", &version).await.expect("createSecret");
    let refusal = function.step(application, "setSecret", &version, &barred).await;
    refusal.expect_err("another server").source().expect("a refusal").to_string()
}

/// Whichever secret `masterarn` names: a superuser of another server is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_current_version_that_names_the_superuser_of_another_server_is_refused() {
    let version = postgres_versions()[0];
    let [ours, theirs] = [start(version).await, start(version).await];
    let application = Application::start(&ours, Setup::alternating_users()).await;
    let other = theirs.superuser_secret().await;
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["masterarn"] = json!(store(&application.client, "other", &other).await);
    application.store_current(&current).await;
    let log = theirs.log();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("is neither the secret's host"), "{refusal}");
    assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "the superuser signed in");
}
