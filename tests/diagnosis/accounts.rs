//! What the definition of an account of MySQL or MariaDB holds.

use serde_json::json;
use testbed::mysql::text;
use testbed::{MySql, MySqlOptions, Setup, mysql_versions};

use super::{finding, finds_nothing, next, report, rotated, statements};

/// As MariaDB makes its root: by a socket or a password.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_two_ways_to_sign_in_is_found() {
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = rotated(server, Setup::mysql_single_user()).await;
        let current = application.credentials("AWSCURRENT").await.expect("a version");
        let account = format!("`{}`@`%`", current.user);
        let native = format!("mysql_native_password USING PASSWORD({})", text(&current.password));
        server.execute(&format!("ALTER USER {account} IDENTIFIED VIA unix_socket OR {native}")).await;
        next(&application, "next password", &["unix_socket or", "give it one way to sign in"]).await;
        server.execute(&format!("ALTER USER {account} IDENTIFIED VIA {native}")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_no_rule_that_locks() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = rotated(server, Setup::mysql_single_user()).await;
        let account = format!("`{}`@`%`", application.app.user());
        let comment =
            |attempts| format!("COMMENT 'was FAILED_LOGIN_ATTEMPTS {attempts} PASSWORD_LOCK_TIME 1 before'");
        server.execute(&format!("ALTER USER {account} {}", comment(1))).await;
        finds_nothing(&application, "only a comment").await;
        let rule = "FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1";
        server.execute(&format!("ALTER USER {account} {rule} {}", comment(9))).await;
        let report = report(&application).await;
        assert_eq!(finding(&report, "lockout")["Status"], json!("warn"), "{report:#}");
    }
}

/// Of two users that are to be equal, also the other one: a rule of one alone is a difference.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_locks_is_changed_for_both_users() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        for setup in [Setup::mysql_alternating_users(), Setup::mysql_alternating_users().without_superuser()]
        {
            let application = rotated(server, setup.clone()).await;
            application.rotate_ok().await;
            for _turn in 0..2 {
                for user in [application.app.user().to_owned(), format!("{}_clone", application.app.user())] {
                    let rule = "FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1";
                    server.execute(&format!("ALTER USER `{user}`@`%` {rule}")).await;
                }
                for statement in statements(&application, "lockout", &["lock the user out"]).await {
                    server.execute(&statement).await;
                }
                application.rotate_ok().await;
                finds_nothing(&application, &setup.name()).await;
            }
        }
    }
}

/// One password in two has too few special characters.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_rejects_some_of_the_functions_passwords_is_found_each_time() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = rotated(&server, Setup::mysql_single_user()).await;
        server.execute("INSTALL COMPONENT 'file://component_validate_password'").await;
        server.execute("SET GLOBAL validate_password.special_char_count = 10").await;
        for _ in 0..5 {
            next(&application, "passwords", &["rejects passwords", "PASSWORD_LENGTH"]).await;
        }
        server.execute("SET GLOBAL validate_password.special_char_count = 1").await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}
