//! Single user on PostgreSQL.

use testbed::{Application, Postgres, Setup, postgres_versions};

use super::gives_the_same_user_a_new_password;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_user_gets_a_new_password() {
    for version in postgres_versions() {
        gives_the_same_user_a_new_password(Postgres::shared(version).await, Setup::single_user()).await;
    }
}

/// As after a restore of the database to a moment before the last rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_whose_current_password_is_rejected_rotates_with_the_previous_one() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    let first = application.stored("AWSCURRENT").await.expect("a first version");
    let mut wrong = first.clone();
    wrong["password"] = "not the password".into();
    // What a person changes beside the password does not make it another user.
    wrong["note"] = "restored".into();
    application.store_current(&wrong).await;
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await);
    assert!(application.output().contains("rotating with AWSPREVIOUS"), "{}", application.output());
}
