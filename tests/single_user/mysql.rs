//! Single user on MySQL and MariaDB.

use testbed::{Application, MySql, MySqlOptions, Server, Setup, mysql_versions};

use super::gives_the_same_user_a_new_password;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_user_gets_a_new_password() {
    for version in mysql_versions() {
        gives_the_same_user_a_new_password(MySql::shared(version).await, Setup::mysql_single_user()).await;
    }
}

/// So that a row of SHOW GRANTS in a new form cannot stop a rotation that does not need it.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_is_rotated_without_reading_its_grants() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let log = server.log();
        for setup in server.setups().into_iter().filter(|setup| !setup.function.contains("alternating")) {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            application.rotate_ok().await;
        }
        // By a superuser as well, whose role is not one that it has at its sign-in.
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = application.superuser_arn.clone().into();
        application.store_current(&current).await;
        server.execute(&format!("ALTER USER `{}`@`%` PASSWORD EXPIRE", application.app.user())).await;
        if !version.is_mariadb() {
            server.execute(&format!("SET DEFAULT ROLE NONE TO {}", server.admin().await.user)).await;
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        assert_eq!(log.lines_with("Query\tSHOW GRANTS"), 0, "on {version}");
    }
}

/// As after a restore of the database to a moment before the last rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_whose_current_password_is_rejected_rotates_with_the_previous_one() {
    for version in mysql_versions() {
        let application = Application::start(MySql::shared(version).await, Setup::mysql_single_user()).await;
        let mut wrong = application.stored("AWSCURRENT").await.expect("a first version");
        wrong["password"] = "not the password".into();
        application.store_current(&wrong).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await);
        assert!(application.output().contains("rotating with AWSPREVIOUS"), "{}", application.output());
    }
}
