//! A person who edits the secret during a rotation leaves the working password on a version without a label. Under single user the
//! next rotation finds it there.

use local_aws::Failure;
use testbed::{
    Application, MySql, Postgres, PostgresOptions, Server, Setup, mysql_versions, postgres_versions,
};

/// A rotation until setSecret; then a person "repairs" the secret by a new current value, which takes AWSPENDING off.
async fn edited_during_a_rotation<'a, S: Server>(server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    let pending = application.begin().await;
    for step in ["createSecret", "setSecret"] {
        application.step(step, &pending).await.expect(step);
    }
    let mut repaired = application.stored("AWSCURRENT").await.expect("a first version");
    repaired["note"] = "put back by hand".into();
    application.store_current(&repaired).await;
    assert!(!application.labels().await.contains(&format!("AWSPENDING {pending}")));
    application
}

async fn an_edit_is_rotated_from<S: Server>(server: &S) {
    for setup in server.setups() {
        let context = format!("{} on {}", setup.function, server.name());
        let single_user = setup.function.ends_with("single-user");
        let application = edited_during_a_rotation(server, setup).await;
        assert!(application.some_version_signs_in().await, "{context}");
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "{context}");
        let fell_back = application.output().contains("AWSCURRENT is rejected; rotating with version ");
        assert_eq!(fell_back, single_user, "{context}: {}", application.output());
        application.rotate_ok().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_current_value_that_a_person_writes_during_a_rotation_loses_nothing() {
    for version in postgres_versions() {
        an_edit_is_rotated_from(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        an_edit_is_rotated_from(MySql::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_list_versions_refuses_as_before_and_warns() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = edited_during_a_rotation(server, Setup::single_user()).await;
    application.local.fail(Failure::refuse("ListSecretVersionIds", 1, "AccessDeniedException"));
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("no stored version signs in"), "{refusal}");
    let warned = application.output();
    assert!(warned.contains("which takes secretsmanager:ListSecretVersionIds"), "{warned}");
    application.rotate_ok().await;
}

/// Each failure may count towards a lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_signs_in_five_times_at_the_most_and_names_the_versions_that_it_did_not_try() {
    let server = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    let application = Application::start(&server, Setup::single_user()).await;
    let mut untried = Vec::new();
    for number in 1..=6 {
        let first = application.labels().await;
        untried.extend(first.iter().filter_map(|label| label.strip_prefix("AWSCURRENT ")).map(String::from));
        let mut wrong = application.stored("AWSCURRENT").await.expect("a version");
        wrong["password"] = format!("wrong {number}").into();
        application.store_current(&wrong).await;
    }
    let log = server.log();
    let refusal = application.rotate_expect_err().await;
    assert_eq!(
        (log.failed(application.app.user()), log.authorized(application.app.user())),
        (5, 0),
        "{refusal}"
    );
    // AWSCURRENT, AWSPENDING and AWSPREVIOUS, and the two newest of the four others.
    for (number, version) in untried.iter().enumerate() {
        assert_eq!(refusal.contains(version), number < 3, "{number}: {refusal}");
    }
}
