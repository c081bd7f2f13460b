//! Locks by name on MySQL and MariaDB.

use std::time::Duration;

use stress::faults::alternation_lock;
use testbed::mysql::run;
use testbed::{Application, MySql, MySqlOptions, Setup, mysql_versions};

use crate::support::mysql::{name_of_lock, server_with_two_passwords};

/// An ordinary user holds the lock of an earlier version. Only with PROCESS could it see the present lock's name.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_of_mysql_cannot_take_the_lock_of_an_alternation() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let (app, other) = (application.app.user().to_owned(), server.create_app("other").await);
        let mut session = server.sign_in(&other.credentials, "").await.expect("it signs in");
        let taken = format!("SELECT GET_LOCK(CONCAT('rotate:', LEFT(SHA2('{app}', 256), 40)), 0)");
        assert_eq!(testbed::mysql::run(&mut session, &taken).await.expect("anybody may"), ["1"]);
        let log = server.log();
        application.rotate_ok().await;
        let ours = name_of_lock(&log.text());
        // Another superuser's password makes another name.
        let another = server.create_superuser("another").await;
        let secret = server.secret(&another, "mysql");
        application.store_superuser(&secret).await;
        let log = server.log();
        application.rotate_ok().await;
        assert_ne!(name_of_lock(&log.text()), ours, "on {version}");
    }
}

/// Two concurrent alternations of one user would grant and revoke against each other.
#[tokio::test(flavor = "multi_thread")]
async fn an_alternation_waits_for_another_of_the_same_user() {
    for version in mysql_versions() {
        let server = server_with_two_passwords(version).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let log = server.log();
        application.rotate_ok().await;
        let lock = name_of_lock(&log.text());
        // Fault injection looks for the same lock.
        let of_turn = alternation_lock(&server.admin().await.password, application.app.user());
        assert_eq!(lock, format!("'{of_turn}'"));
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let mut other = server.root_session().await;
        assert_eq!(run(&mut other, &format!("SELECT GET_LOCK({lock}, 0) = 1")).await.expect("a lock"), ["1"]);
        let user = application.app.user();
        let verifier = format!("SELECT HEX(authentication_string) FROM mysql.user WHERE User = '{user}'");
        let before = server.values(&verifier).await;
        let waiting = format!(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User lock' AND INFO LIKE '%{}%'",
            lock.replace('\'', "''")
        );
        let waits = async {
            while server.values(&waiting).await.is_empty() && server.values(&verifier).await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(server.values(&verifier).await, before, "it did not wait");
            run(&mut other, &format!("DO RELEASE_LOCK({lock})")).await.expect("the lock is released");
        };
        let (result, ()) = tokio::join!(application.step("setSecret", &pending), waits);
        result.expect("setSecret");
        assert_ne!(server.values(&verifier).await, before);
    }
}
