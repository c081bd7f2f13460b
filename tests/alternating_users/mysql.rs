//! Alternating users on MySQL and MariaDB.

use testbed::{Application, MySql, STEPS, Setup, mysql_versions};

use super::take_turns_and_both_sign_in;

#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_take_turns_and_both_sign_in() {
    for version in mysql_versions() {
        take_turns_and_both_sign_in(MySql::shared(version).await, Setup::mysql_alternating_users()).await;
    }
}

/// testSecret asks both users, each about itself: a clone that was changed after setSecret is not promoted.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_differs_is_not_promoted_and_the_error_names_what() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let (user, database) = (application.app.user(), &application.app.database);
        let pending = application.begin().await;
        for step in &STEPS[..2] {
            application.step(step, &pending).await.expect(step);
        }
        server.execute(&format!("GRANT TRIGGER ON {database}.* TO `{user}`@`%`")).await;
        server.execute(&format!("ALTER USER `{user}_clone`@`%` WITH MAX_USER_CONNECTIONS 9")).await;
        let refusal = application.step("testSecret", &pending).await.expect_err("they differ");
        assert_eq!(refusal.error_type, "PrivilegesDiffer");
        for part in ["lacks TRIGGER ON", "has MAX_USER_CONNECTIONS 9"] {
            assert!(refusal.error_message.contains(part), "{part} is not in {refusal:?}");
        }
        for step in STEPS {
            application.step(step, &pending).await.expect(step);
        }
    }
}

/// The base may have more than the clone: what it was granted while the clone was current is no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_was_given_more_than_its_clone_rotates() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let (user, database) = (application.app.user(), &application.app.database);
        server.execute(&format!("GRANT TRIGGER ON {database}.* TO `{user}`@`%`")).await;
        server.execute(&format!("ALTER USER `{user}`@`%` WITH MAX_USER_CONNECTIONS 30")).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        assert_eq!(
            server.rows_about(user).await,
            server.rows_about(&format!("{user}_clone")).await,
            "on {version}"
        );
    }
}

/// The base may do all that the clone may, and holds it in another way: testSecret finds no loss either.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_holds_the_clones_privileges_in_another_way_rotates() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let (user, database) = (application.app.user(), &application.app.database);
        server.execute(&format!("GRANT SELECT ON *.* TO `{user}`@`%`")).await;
        server.execute(&format!("REVOKE SELECT ON {database}.* FROM `{user}`@`%`")).await;
        if !version.is_mariadb() {
            server.execute(&format!("REVOKE INSERT ON {database}.* FROM `{user}_clone`@`%`")).await;
        }
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
    }
}
