//! Versions that leaked, other than AWSCURRENT: pending, or of another user or server.

use serde_json::json;
use testbed::{App, Application, Credentials, Postgres, Server as _, Setup, postgres_versions};

use super::postgres::server;
use super::{Desk, application, current, versions};

/// A rotation is under way or was left, and its password leaked before it was set: who continues it sets that password.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_version_is_not_left_to_be_set_later() {
    let server = server(postgres_versions()[0]).await;
    for setup in [Setup::single_user(), Setup::alternating_users()] {
        let application = application(&server, setup).await;
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("it succeeds");
        let credentials = application.credentials("AWSPENDING").await.expect("a pending version");
        let said =
            Desk::of(&application).revoked(&[&application.arn, "--leaked", &pending, "--run", "all"]).await;
        assert!(said.contains("proven"), "{said}");
        let labels = application.labels().await;
        assert!(!labels.contains(&format!("AWSCURRENT {pending}")), "{labels:?}: {said}");
        assert!(!labels.contains(&format!("AWSPENDING {pending}")), "{labels:?}: {said}");
        assert!(!server.signs_in(&credentials, &application.app.database).await, "{said}");
        assert!(application.signs_in("AWSCURRENT").await, "{said}");
    }
}

/// The secret was given another user since: no rotation changes the password of the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_the_secret_does_not_rotate_is_named_before_anything_is_rotated() {
    let server = server(postgres_versions()[0]).await;
    let application: Application<'_, Postgres> = application(&server, Setup::single_user()).await;
    let (leaked, credentials) = current(&application).await;
    let other = server.create_app("other").await;
    application.store_current(&other.secret(&server)).await;
    let labels = application.labels().await;
    let desk = Desk::of(&application);
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    let error = desk.not_revoked(&command).await;
    let user = &credentials.user;
    assert!(error.contains(&format!("no rotation of this secret changes the password of {user}")), "{error}");
    assert_eq!(application.labels().await, labels, "{error}");
    assert!(error.contains("As an administrator"), "{error}");
}

/// By its name it could be the other one of alternating users: one rotation shows that none alternates.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_only_named_like_a_clone_costs_one_rotation() {
    let server = server(postgres_versions()[0]).await;
    let application: Application<'_, Postgres> = application(&server, Setup::single_user()).await;
    let credentials = Credentials::new(&format!("{}_clone", application.app.user()));
    let clone = App { credentials, database: application.app.database.clone() };
    let user = clone.user();
    server.execute("postgres", &format!("CREATE ROLE {user} LOGIN")).await;
    server.set_password(&clone.credentials).await;
    let secret = application.stored("AWSCURRENT").await.expect("a version");
    application.store_current(&clone.secret(&server)).await;
    let leaked = current(&application).await.0;
    application.store_current(&secret).await;
    let number = versions(&application).await;
    let command = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    let error = Desk::of(&application).not_revoked(&command).await;
    assert!(error.contains(&format!("no rotation of this secret changes the password of {user}")), "{error}");
    assert_eq!(versions(&application).await, number + 1, "{error}");
    assert!(application.signs_in("AWSCURRENT").await, "{error}");
}

/// The server has another name or address since, or is another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_the_leaked_version_names_is_not_proven() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let mut moved = application.stored("AWSCURRENT").await.expect("a version");
    let mut before = moved.clone();
    before["host"] = json!("before.example");
    application.store_current(&before).await;
    let leaked = current(&application).await.0;
    moved["port"] = json!(server.port());
    application.store_current(&moved).await;
    let said = Desk::of(&application).revoked(&[&application.arn, "--leaked", &leaked, "--run", "all"]).await;
    assert!(said.contains("not proven: that it is rejected at before.example:"), "{said}");
}
