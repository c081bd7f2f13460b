//! Errors of MySQL and MariaDB, by cause, with what to do.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::mysql::run;
use testbed::{Application, FaultProxy, MySql, MySqlOptions, MySqlVersion, Setup, mysql_versions};

use crate::support::{ADD_SUPERUSER, says, setups_that_a_function_keeps_equal};

/// An application of a single user, with its account, after a statement of root's about that.
async fn after<'a>(server: &'a MySql, setup: Setup<'_>, statement: &str) -> Application<'a, MySql> {
    let application = Application::start(server, setup).await;
    let account = format!("`{}`@`%`", application.app.user());
    server.execute(&statement.replace("{b}", &account)).await;
    application
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_account_is_not_taken_for_a_wrong_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = after(server, Setup::mysql_single_user(), "ALTER USER {b} ACCOUNT LOCK").await;
        let code = if version.is_mariadb() { "4151" } else { "3118" };
        says(&application.rotate_expect_err().await, "Locked", &[code, "ACCOUNT UNLOCK"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_others_have_blocked_by_wrong_passwords_is_explained() {
    for version in mysql_versions() {
        let settings = [("max-password-errors", "1")];
        let settings: &[(&str, &str)] = if version.is_mariadb() { &settings } else { &[] };
        let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
        let rule = "ALTER USER {b} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED";
        let rule = if version.is_mariadb() { "DO 1" } else { rule };
        let application = after(&server, Setup::mysql_single_user(), rule).await;
        let mut wrong = application.app.credentials.clone();
        wrong.password = "wrong".into();
        for _ in 0..2 {
            assert!(!server.signs_in(&wrong, "").await);
        }
        let code = if version.is_mariadb() { "4150" } else { "3955" };
        says(&application.rotate_expect_err().await, "TemporarilyLocked", &[code, "find who signs in"]);
    }
}

/// The password is right and has expired: the superuser sets the next one if the secret names a superuser.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_password_is_a_proof_and_the_superuser_sets_the_next_one() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = after(server, Setup::mysql_single_user(), "ALTER USER {b} PASSWORD EXPIRE").await;
        let code = if version.is_mariadb() { "1820" } else { "1862" };
        let refusal = application.rotate_expect_err().await;
        says(&refusal, "Refused", &[code, ADD_SUPERUSER]);
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = json!(application.superuser_arn);
        application.store_current(&current).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        assert!(application.output().contains("the superuser sets the next one"), "{}", application.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_password_that_no_superuser_could_replace_is_explained() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = after(server, Setup::mysql_dual_password(), "ALTER USER {b} PASSWORD EXPIRE").await;
        says(
            &application.rotate_expect_err().await,
            "Refused",
            &["1862", "only the user itself", "AWSCURRENT version"],
        );
        let application =
            after(server, Setup::mysql_alternating_users(), "ALTER USER {b} PASSWORD EXPIRE").await;
        says(&application.rotate_expect_err().await, "Refused", &["1862", "the other user is not touched"]);
    }
}

/// Rules for passwords: what they say, and what to do about them.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_policy_does_not_accept_is_explained() {
    for version in mysql_versions() {
        // Of either product, the one that its package brings.
        let (settings, install): (&[(&str, &str)], &str) = if version.is_mariadb() {
            (&[], "INSTALL SONAME 'simple_password_check'")
        } else {
            (&[], "INSTALL COMPONENT 'file://component_validate_password'")
        };
        let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        let mut root = server.root_session().await;
        if run(&mut root, install).await.is_err() {
            assert!(version.is_mariadb(), "MySQL brings its component");
            continue;
        }
        if version.is_mariadb() {
            // It cannot see into a hash, and by default refuses every one.
            says(&application.rotate_expect_err().await, "PasswordPolicy", &["1290", "strict"]);
            continue;
        }
        run(&mut root, "SET GLOBAL validate_password.length = 60").await.expect("root may");
        says(&application.rotate_expect_err().await, "PasswordPolicy", &["1819", "PASSWORD_LENGTH"]);
        run(&mut root, "SET GLOBAL validate_password.length = 8").await.expect("root may");
        application.rotate_ok().await;
    }
}

/// A password policy rejects the probe of dual password; then a sign-in with the password decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_does_not_keep_two_passwords_from_being_told_apart() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let grant = "GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {b}";
        let application = after(&server, Setup::mysql_dual_password(), grant).await;
        server.execute("INSTALL COMPONENT 'file://component_validate_password'").await;
        for _ in 0..2 {
            let abandoned = application.begin().await;
            for step in ["createSecret", "setSecret", "setSecret"] {
                application.step(step, &abandoned).await.expect(step);
            }
            application.abandon(&abandoned).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
        }
    }
}

/// The server keeps the history; a retry with the same password does not count.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_the_accounts_history_is_explained() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        for setup in [Setup::mysql_single_user(), Setup::mysql_alternating_users()] {
            let application = after(server, setup, "ALTER USER {b} PASSWORD HISTORY 5").await;
            for _turn in 0..3 {
                let pending = application.begin().await;
                for step in
                    ["createSecret", "setSecret", "setSecret", "testSecret", "setSecret", "finishSecret"]
                {
                    application
                        .step(step, &pending)
                        .await
                        .unwrap_or_else(|error| panic!("{step}: {error:?}"));
                }
            }
            // A pending version with a password that was used before.
            let old = application.stored("AWSPREVIOUS").await.expect("a previous version");
            let mut again = application.stored("AWSCURRENT").await.expect("a current version");
            again["password"] = old["password"].clone();
            again["username"] = old["username"].clone();
            let pending = application.begin().await;
            application.store_pending(&pending, &again).await;
            let result = application.step("setSecret", &pending).await;
            if old["username"] == application.stored("AWSCURRENT").await.expect("a version")["username"] {
                let refusal = result.expect_err("it was used before");
                says(
                    &format!(" {}: {}", refusal.error_type, refusal.error_message),
                    "PasswordReused",
                    &["3638", "another password"],
                );
            }
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_at_its_limit_and_a_database_that_is_closed_or_missing_are_explained() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let limit = "ALTER USER {b} WITH MAX_USER_CONNECTIONS 1";
        let application = after(server, Setup::mysql_single_user(), limit).await;
        let held = server.sign_in(&application.app.credentials, "").await.expect("it signs in");
        says(&application.rotate_expect_err().await, "TooManyConnections", &["1226"]);
        drop(held);
        let fields = json!({"dbname": "mysql"});
        let application = Application::start(server, Setup { fields, ..Setup::mysql_single_user() }).await;
        says(&application.rotate_expect_err().await, "MissingPrivilege", &["1044"]);
        let setup = Setup { fields: json!({"dbname": "no_such"}), ..Setup::mysql_single_user() };
        let application = after(server, setup, "GRANT SELECT ON `no_such`.* TO {b}").await;
        says(&application.rotate_expect_err().await, "MissingDatabase", &["1049", "dbname"]);
    }
}

/// As a replica is, or a server under maintenance.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_explained() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in setups_that_a_function_keeps_equal(&server) {
            server.execute("SET GLOBAL read_only = 0").await;
            let grant =
                if version.is_mariadb() { "DO 1" } else { "GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {b}" };
            let application = after(&server, setup, grant).await;
            server.execute("SET GLOBAL read_only = 1").await;
            says(&application.rotate_expect_err().await, "ReadOnly", &["writer's address"]);
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_to_sign_in_that_the_driver_lacks_is_explained() {
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let mut root = server.root_session().await;
        if run(&mut root, "INSTALL SONAME 'auth_ed25519'").await.is_err() {
            println!("{version} brings no ed25519");
            continue;
        }
        let application = after(
            &server,
            Setup::mysql_single_user(),
            "ALTER USER {b} IDENTIFIED VIA ed25519 USING PASSWORD('x')",
        )
        .await;
        says(
            &application.rotate_expect_err().await,
            "SignInMethod",
            &["client_ed25519", "mysql_native_password"],
        );
    }
}

/// Only `mysql_native_password` works without TLS: the other methods would encrypt the password with the key of any server that
/// responds.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_to_sign_in_that_needs_tls_where_the_secret_forbids_it_is_explained() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let setup = Setup { fields: json!({"ssl": false}), ..Setup::mysql_single_user() };
        let application = Application::start(server, setup).await;
        if version.is_mariadb() {
            application.rotate_ok().await;
            assert!(application.output().contains("signing in without TLS"), "{}", application.output());
        } else {
            says(
                &application.rotate_expect_err().await,
                "TlsRequired",
                &["caching_sha2_password", "\"ssl\": false"],
            );
        }
    }
}

/// The server caches a user's password and signs the user in without TLS; the next password would not be in its cache.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_server_remembers_is_no_reason_to_go_on_without_tls() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = MySql::shared(MySqlVersion::MySql97).await;
    let setup = Setup { fields: json!({"ssl": false}), ..Setup::mysql_single_user() };
    let application = Application::start(server, setup).await;
    assert!(application.signs_in("AWSCURRENT").await, "over TLS");
    says(
        &application.rotate_expect_err().await,
        "Refused",
        &["signs in by caching_sha2_password, which needs TLS"],
    );
    assert!(application.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_demands_tls_where_the_secret_forbids_it_is_explained() {
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let setup = Setup { fields: json!({"ssl": false}), ..Setup::mysql_single_user() };
        let application = after(server, setup, "ALTER USER {b} REQUIRE SSL").await;
        says(
            &application.rotate_expect_err().await,
            "Refused",
            &["1045", "without TLS, which the account may demand"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_responds_and_one_that_closes_are_explained() {
    let server = MySql::shared(mysql_versions()[0]).await;
    for (fault, said) in [(Fault::Silent, "does not respond"), (Fault::CutsAfter(40), "could not be reached")]
    {
        let proxy = FaultProxy::to(server.port(), fault).await;
        let setup = Setup { fields: json!({"port": proxy.port()}), ..Setup::mysql_single_user() };
        let application = Application::start(server, setup).await;
        says(&application.rotate_expect_err().await, "Unreachable", &[said]);
    }
}
