//! Invalid secrets and accounts on MySQL and MariaDB: a clear error, nothing is changed anywhere, and no secret is repeated.

use serde_json::{Value, json};
use testbed::{
    Application, Credentials, MySql, MySqlOptions, MySqlVersion, Server, Setup, mysql_versions, remedies,
    remedy,
};

use crate::support::MARK;

/// What a refusal must leave as it was: both users, to the last byte of their passwords' hashes, and the labels.
async fn users_and_labels(application: &Application<'_, MySql>) -> (Vec<String>, Vec<String>) {
    let user = application.app.user();
    let query = format!(
        "SELECT CONCAT_WS(' ', User, Host, authentication_string) FROM mysql.user WHERE User LIKE '{user}%' ORDER BY 1"
    );
    let mut users = application.server.values(&query).await;
    for user in [user.to_owned(), format!("{user}_clone")] {
        users.extend(application.server.rows_about(&user).await);
    }
    (users, application.labels().await)
}

/// A rotation that fails, says `class` and all of these, and changes nothing.
async fn refused(application: &Application<'_, MySql>, step: &str, class: &str, said: &[&str]) -> String {
    let ((users, _), signed_in) =
        (users_and_labels(application).await, application.signs_in("AWSCURRENT").await);
    let failure = application.rotate_expect_err().await;
    let context = format!("on {}: {failure}", application.server.version());
    assert!(failure.starts_with(&format!("{step} {class}: ")), "{context}");
    for part in said {
        assert!(failure.contains(part), "{part} is not said {context}");
    }
    assert!(!failure.contains(MARK), "{context}");
    assert_eq!(users_and_labels(application).await.0, users, "{context}");
    assert_eq!(application.signs_in("AWSCURRENT").await, signed_in, "{context}");
    failure
}

async fn with(version: MySqlVersion, setup: Setup<'_>, fields: Value) -> Application<'static, MySql> {
    Application::start(MySql::shared(version).await, Setup { fields, ..setup }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_engine_and_names_that_are_too_long_are_refused() {
    let mysql = MySqlVersion::MySql97;
    if !mysql_versions().contains(&mysql) {
        return;
    }
    let long = |length| "x".repeat(length);
    for (setup, fields, said) in [
        (
            Setup::mysql_single_user(),
            json!({"engine": "postgres"}),
            "engine must be one of mysql, aurora-mysql, mariadb",
        ),
        (
            Setup::mysql_dual_password(),
            json!({"engine": "mariadb"}),
            "engine must be one of mysql, aurora-mysql",
        ),
        (
            Setup::mysql_single_user(),
            json!({"username": long(33)}),
            "longer than 32 characters, the limit of MySQL",
        ),
        (Setup::mysql_alternating_users(), json!({"username": long(27)}), "longer than 32 characters"),
        (
            Setup::mysql_single_user(),
            json!({"engine": "mariadb", "username": long(129)}),
            "longer than 128 characters, the limit of MariaDB",
        ),
    ] {
        refused(&with(mysql, setup, fields).await, "CreateSecret", "Refused", &[said]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_does_not_exist_is_refused() {
    for version in mysql_versions() {
        let nobody = json!({"username": "nobody", "password": MARK});
        let application = with(version, Setup::mysql_single_user(), nobody.clone()).await;
        refused(&application, "SetSecret", "Refused", &["no stored version signs in", "1045", "mysql.user"])
            .await;
        let application = with(version, Setup::mysql_alternating_users(), nobody).await;
        refused(&application, "SetSecret", "Refused", &["other user is not touched", "1045"]).await;
    }
}

/// Each refusal prints statements that fix it, which are then run.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_lacks_a_privilege_is_refused_with_the_grant() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let weak = server.create_app("weak").await;
        let superuser = server.secret(&weak.credentials, "mysql");
        application.store_superuser(&superuser).await;
        for lacking in ["GRANT SELECT ON mysql.* TO ", "GRANT ALTER, CREATE, DELETE"] {
            let refusal = refused(&application, "SetSecret", "Refused", &[lacking]).await;
            for statement in remedy(&refusal, "an administrator") {
                server.execute(&statement).await;
            }
        }
        application.rotate_ok().await;
    }
}

/// The application would lose privileges at the base's turn: refused before anything is changed, with two statements, either of
/// which fixes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_lacks_what_the_clone_may_do_is_refused() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for number in 0..2 {
            let application = Application::start(server, Setup::mysql_alternating_users()).await;
            application.rotate_ok().await;
            let (clone, database) =
                (format!("`{}_clone`@`%`", application.app.user()), &application.app.database);
            server.execute(&format!("GRANT TRIGGER ON {database}.* TO {clone} WITH GRANT OPTION")).await;
            let refusal =
                refused(&application, "SetSecret", "Refused", &["TRIGGER ON", "GRANT OPTION ON"]).await;
            let [give, take] = &remedies(&refusal)[..] else { panic!("two: {refusal}") };
            for statement in &[give, take][number].statements {
                server.execute(statement).await;
            }
            application.rotate_ok().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_the_base_that_differ_and_accounts_of_the_clone_that_the_base_lacks_are_refused() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let user = application.app.user();
        server.execute(&format!("CREATE USER `{user}`@`10.%` IDENTIFIED BY 'x'")).await;
        let both = format!("`{user}`@`%` and `{user}`@`10.%`");
        let refusal = refused(&application, "SetSecret", "Refused", &["the accounts of", "SELECT ON"]).await;
        assert!(refusal.contains(&both), "{refusal}");
        server.execute(&format!("DROP USER `{user}`@`10.%`")).await;
        // One of the application's own, by the password of a version of its own.
        let clone = Credentials { user: format!("{user}_clone"), password: "Kl8-clone".to_owned() };
        let password = testbed::mysql::text(&clone.password);
        server.execute(&format!("CREATE USER `{user}_clone`@`10.%` IDENTIFIED BY {password}")).await;
        application.store_previous(&clone).await;
        refused(&application, "SetSecret", "Refused", &["at that host", "DROP USER"]).await;
        server.execute(&format!("DROP USER `{user}_clone`@`10.%`")).await;
        application.rotate_ok().await;
    }
}

/// A client from an address for which there is an anonymous account is signed in to that account, whatever its user name.
#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_account_in_the_users_place_is_refused() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in [Setup::mysql_single_user(), Setup::mysql_alternating_users()] {
            let mut application = Application::start(&server, setup).await;
            let password = testbed::mysql::text(&application.app.credentials.password);
            server.execute("DROP USER IF EXISTS ``@`localhost`").await;
            server.execute(&format!("CREATE USER ``@`localhost` IDENTIFIED BY {password}")).await;
            // It opens no database.
            application.app.database = String::new();
            let mut current = application.stored("AWSCURRENT").await.expect("a first version");
            current.as_object_mut().expect("an object").remove("dbname");
            application.store_current(&current).await;
            refused(&application, "SetSecret", "Refused", &["in as ``@`localhost`, another account"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_to_sign_in_that_cannot_be_rotated_are_refused() {
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let account = format!("`{}`@`%`", application.app.user());
            let password = testbed::mysql::text(&application.app.credentials.password);
            // The password still signs in; what else does would be lost.
            let chain = format!(
                "ALTER USER {account} IDENTIFIED VIA mysql_native_password USING PASSWORD({password}) OR unix_socket"
            );
            server.execute(&chain).await;
            refused(&application, "SetSecret", "Refused", &["mysql_native_password or unix_socket"]).await;
        }
    }
}

/// While the clone is AWSCURRENT: its only account is never to be dropped, and another one only where the application does not
/// use it.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_has_lost_a_host_of_its_clone_is_given_it_back_before_the_clone_is_dropped_there() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let user = application.app.user();
        application.rotate_ok().await;
        server.execute(&format!("RENAME USER `{user}`@`%` TO `{user}`@`10.%`")).await;
        let refusal =
            refused(&application, "SetSecret", "Refused", &["at that host", "password of AWSPREVIOUS"]).await;
        assert_eq!(remedies(&refusal), [], "on {version}");
        assert!(!refusal.contains("DROP"), "on {version}: {refusal}");
        let previous = application.credentials("AWSPREVIOUS").await.expect("the base's");
        create_as_well(server, &previous, "10.%", "%").await;
        application.rotate_ok().await;
        // Both hosts have both users.
        application.rotate_ok().await;
        server.execute(&format!("DROP USER `{user}`@`10.%`")).await;
        let refusal =
            refused(&application, "SetSecret", "Refused", &["at that host", "does not sign in from there"])
                .await;
        for statement in remedy(&refusal, "an administrator") {
            server.execute(&statement).await;
        }
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// An account of the same rights and rules at another host.
async fn create_as_well(server: &MySql, base: &Credentials, from: &str, to: &str) {
    let (user, password) = (&base.user, testbed::mysql::text(&base.password));
    server.execute(&format!("CREATE USER `{user}`@`{to}` IDENTIFIED BY {password}")).await;
    for grant in server.values(&format!("SHOW GRANTS FOR `{user}`@`{from}`")).await {
        if !grant.starts_with("GRANT USAGE") {
            server.execute(&grant.replace(&format!("`{user}`@`{from}`"), &format!("`{user}`@`{to}`"))).await;
        }
    }
}
