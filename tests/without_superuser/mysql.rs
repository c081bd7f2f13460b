//! On MySQL and MariaDB.

use serde_json::json;
use testbed::{
    Application, ChangedBy, Credentials, MySql, MySqlOptions, MySqlVersion, Setup, mysql, mysql_versions,
    remedy,
};

use super::{
    an_idle_user_that_does_not_sign_in_is_refused, an_unusable_previous_version_is_refused,
    masterarn_comes_and_goes, no_superuser_comes, refused, the_application_always_signs_in,
};
use crate::support::store_as_previous;

fn setup() -> Setup<'static> {
    Setup::mysql_alternating_users().without_superuser()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_no_superuser() {
    for version in mysql_versions() {
        no_superuser_comes(&MySql::start(version, MySqlOptions::default()).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_signs_in_at_every_instant_of_twenty_rotations_with_crashes() {
    for version in mysql_versions() {
        the_application_always_signs_in(MySql::shared(version).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_comes_and_goes_at_any_turn() {
    for version in mysql_versions() {
        masterarn_comes_and_goes(MySql::shared(version).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_previous_version_that_is_not_the_idle_users_is_refused_with_what_to_run() {
    for version in mysql_versions() {
        let setup = Setup { changed_by: ChangedBy::Superuser, ..setup() };
        an_unusable_previous_version_is_refused(MySql::shared(version).await, setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_user_that_no_version_signs_in_as_is_refused_with_what_to_run() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let set = async |user: &Credentials| {
            let (name, password) = (mysql::name(&user.user), mysql::text(&user.password));
            server.execute(&format!("ALTER USER {name}@'%' IDENTIFIED BY {password}")).await;
        };
        an_idle_user_that_does_not_sign_in_is_refused(server, setup(), set).await;
    }
}

/// The statements of the refusals create a clone, and make it equal.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_made_by_what_the_refusals_say() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let fields = json!({"masterarn": null});
        let application =
            Application::start(server, Setup { fields, ..Setup::mysql_alternating_users() }).await;
        let refusal = application.rotate_expect_err().await;
        let (_, statement) = refusal.split_once("and there run ").expect("a statement");
        let (statement, _) = statement.split_once(" ...").expect("an end");
        let clone = Credentials::new(&format!("{}_clone", application.app.user()));
        let statement = statement.replace("HOST", "%");
        server.execute(&format!("{statement} {}", mysql::text(&clone.password))).await;
        store_as_previous(&application, &refusal, &clone).await;
        let refusal = application.rotate_expect_err().await;
        for statement in remedy(&refusal, "an administrator") {
            server.execute(&statement).await;
        }
        application.rotate_ok().await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
    }
}

/// At the clone's turn it is refused before a password changes, and the statements settle it; at the base's turn only what the
/// application would lose is.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_drifts_is_refused_with_the_statements_that_settle_it() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, setup()).await;
        let user = application.app.user();
        let (base, clone) = (format!("`{user}`@`%`"), format!("`{user}_clone`@`%`"));
        let database = &application.app.database;
        server.execute(&format!("CREATE TABLE {database}.t (a INT, b INT)")).await;
        server.execute(&format!("CREATE ROLE r{user}")).await;
        for drift in [
            format!("GRANT SELECT ON *.* TO {base}"),
            format!("GRANT TRIGGER, UPDATE (a) ON {database}.t TO {base}"),
            format!("REVOKE INSERT ON {database}.* FROM {base}"),
            format!("REVOKE DELETE ON {database}.* FROM {clone}"),
            format!("GRANT CREATE VIEW ON {database}.* TO {clone}"),
            format!("ALTER USER {base} WITH MAX_USER_CONNECTIONS 50"),
            format!("ALTER USER {base} REQUIRE SSL"),
            format!("ALTER USER {base} PASSWORD EXPIRE INTERVAL 90 DAY"),
            format!("ALTER USER {base} PASSWORD EXPIRE NEVER"),
            format!("GRANT r{user} TO {base}"),
        ] {
            // The base is current.
            server.execute(&drift).await;
            let before = application.credentials("AWSPREVIOUS").await.expect("the clone's");
            let refusal = refused(&application, &drift).await;
            assert!(server.signs_in(&before, database).await, "{drift}: it was not touched");
            for statement in remedy(&refusal, "an administrator") {
                server.execute(&statement).await;
            }
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "{drift}");
            application.rotate_ok().await;
            let current = application.credentials("AWSCURRENT").await.expect("a version");
            assert_eq!(current.user, user, "{drift}");
        }
        // Another host is refused at either turn, and nothing that is printed takes an account away.
        for _turn in 0..2 {
            let other = format!("`{user}_clone`@`127.0.0.1`");
            server.execute(&format!("RENAME USER {clone} TO {other}")).await;
            let refusal = refused(&application, "RENAME USER").await;
            assert!(refusal.contains("are for other hosts") && !refusal.contains("RENAME"), "{refusal}");
            server.execute(&format!("RENAME USER {other} TO {clone}")).await;
            application.rotate_ok().await;
        }
        application.rotate_ok().await;
        // In the base's turn: what only the clone has is refused, and what only the base has is said.
        server.execute(&format!("GRANT EVENT ON {database}.* TO {clone}")).await;
        let refusal = application.rotate_expect_err().await;
        server.execute(&remedy(&refusal, "an administrator")[0]).await;
        server.execute(&format!("GRANT LOCK TABLES ON {database}.* TO {base}")).await;
        application.rotate_ok().await;
        let output = application.output();
        assert!(output.contains("the turn after this one will be refused"), "{output}");
    }
}

/// `RotateImmediately=false` fails for what a rotation would be refused for.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_without_a_rotation_finds_a_pair_that_drifts() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, setup()).await;
        application.probe().await;
        let database = &application.app.database;
        server.execute(&format!("GRANT EVENT ON {database}.* TO `{}`@`%`", application.app.user())).await;
        let refusal = application.probe_expect_err().await;
        for statement in remedy(&refusal, "an administrator") {
            server.execute(&statement).await;
        }
        application.probe().await;
        application.rotate_ok().await;
        application.probe().await;
    }
}

/// Rules of the account that stand in the way of a change by the user itself: MySQL sends the old password along, so that REQUIRE
/// CURRENT does not.
#[tokio::test(flavor = "multi_thread")]
async fn password_rules_of_the_account_do_not_stand_in_the_way() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = Application::start(server, setup()).await;
        let user = application.app.user();
        for account in [format!("`{user}`@`%`"), format!("`{user}_clone`@`%`")] {
            let rules = "PASSWORD REQUIRE CURRENT PASSWORD HISTORY 10 FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED";
            server.execute(&format!("ALTER USER {account} {rules}")).await;
        }
        for _turn in 0..4 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_accounts_at_two_hosts_is_refused_with_what_to_run() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        users_at_two_hosts(server).await;
    }
}

/// Only the account at the host from which the function comes could change its password.
async fn users_at_two_hosts(server: &MySql) {
    let application = Application::start(server, setup()).await;
    let clone = application.credentials("AWSPREVIOUS").await.expect("the clone's");
    let (name, password) = (mysql::name(&clone.user), mysql::text(&clone.password));
    server.execute(&format!("CREATE USER {name}@'10.9.%' IDENTIFIED BY {password}")).await;
    for user in [&*name, &mysql::name(application.app.user())] {
        server.execute(&format!("GRANT SELECT ON mysql.* TO {user}@'%'")).await;
    }
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("has the same password as"), "{refusal}");
    assert!(application.signs_in("AWSPREVIOUS").await && application.signs_in("AWSCURRENT").await);
    server.execute(&format!("DROP USER {name}@'10.9.%'")).await;
    application.rotate_ok().await;
}

/// The application signs in from an address that the account of its user here does not cover (MariaDB 11.8 shows no such session).
#[tokio::test(flavor = "multi_thread")]
async fn an_application_at_another_host_is_not_left_behind() {
    for version in mysql_versions().into_iter().filter(|version| *version != MySqlVersion::MariaDb118) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, setup()).await;
        let first = &application.app.credentials;
        for user in [first.user.clone(), format!("{}_clone", first.user)] {
            server.execute(&format!("RENAME USER `{user}`@`%` TO `{user}`@`localhost`")).await;
        }
        application.rotate_ok().await;
        application.rotate_ok().await;
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        let password = mysql::text(&current.password);
        server.execute(&format!("CREATE USER `{}`@`127.0.0.2` IDENTIFIED BY {password}", current.user)).await;
        let elsewhere = std::net::Ipv4Addr::new(127, 0, 0, 2);
        let _session = server.sign_in_from(elsewhere, &current).await.expect("it signs in");
        let refusal = refused(&application, "a session elsewhere").await;
        assert!(
            refusal.contains("127.0.0.2") && refusal.contains("superuser sets the passwords"),
            "{refusal}"
        );
        assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
    }
}
