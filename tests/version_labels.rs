//! A person who may move labels only, and knows an old password, cannot get it installed.

mod alternating_users;
mod single_user;

use testbed::{Application, MySql, Postgres, STEPS, Server, Setup, mysql_versions, postgres_versions};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_an_older_version_is_not_installed_again() {
    for keeps_its_label in [true, false] {
        for version in postgres_versions() {
            let server = Postgres::shared(version).await;
            for setup in server.setups_with_either_promotion() {
                label_rights(server, setup, keeps_its_label).await;
            }
        }
        for version in mysql_versions() {
            let server = MySql::shared(version).await;
            for setup in server.setups_with_either_promotion() {
                label_rights(server, setup, keeps_its_label).await;
            }
        }
    }
}

/// AWSPENDING goes onto the AWSPREVIOUS version, which may lose that label first, and the service runs a rotation of that one.
async fn label_rights<S: Server>(server: &S, setup: Setup<'_>, keeps_its_label: bool) {
    let context = format!("{} on {}", setup.name(), server.name());
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    application.rotate_ok().await;
    application.rotate_ok().await;
    let labels = application.labels().await;
    let holder = |label: &str| labels.iter().find_map(|line| line.strip_prefix(label)).map(str::trim);
    let known = holder("AWSPREVIOUS").expect("a previous version");
    let change = || application.client.update_secret_version_stage().secret_id(&application.arn);
    if !keeps_its_label {
        let call = change().version_stage("AWSPREVIOUS").remove_from_version_id(known);
        call.send().await.expect("label rights are enough");
    }
    let call = change().version_stage("AWSPENDING").move_to_version_id(known);
    let call = match holder("AWSPENDING") {
        Some(pending) => call.remove_from_version_id(pending),
        None => call,
    };
    call.send().await.expect("label rights are enough");
    let stored = (application.stored("AWSCURRENT").await, application.stored("AWSPREVIOUS").await);
    let refusal = application.step("createSecret", known).await.expect_err(&context).error_message;
    assert!(refusal.contains("is AWSPENDING and older than AWSCURRENT"), "{context}: {refusal}");
    assert!(refusal.contains("remove AWSPENDING from that version"), "{context}: {refusal}");
    assert_eq!((application.stored("AWSCURRENT").await, application.stored("AWSPREVIOUS").await), stored);
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    // As the refusal says.
    application.abandon(known).await;
    application.rotate_ok().await;
    let current = application.credentials("AWSCURRENT").await.expect("a current version");
    assert!(server.signs_in(&current, &application.app.database).await, "{context}");
    // A repeat of createSecret for a version of its own is still done.
    let version = application.begin().await;
    for step in ["createSecret", "createSecret"].into_iter().chain(STEPS.into_iter().skip(1)) {
        application.step(step, &version).await.unwrap_or_else(|error| panic!("{context}, {step}: {error:?}"));
    }
}
