//! Sessions of MySQL and MariaDB outlive their account, and see what a new one of that name is granted.

use std::io::ErrorKind;

use testbed::stub_server::packet;
use testbed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql_versions, remedy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A former owner of an account of the clone's name, whose session is still open, gains nothing from the clone that an alternation
/// creates.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_clones_name_that_is_older_than_the_clone_gains_nothing() {
    for version in mysql_versions() {
        for on_rds in [false, true] {
            let server = MySql::start(version, MySqlOptions::default()).await;
            if on_rds {
                let procedure = "CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) \
                    BEGIN KILL thread; END";
                server.execute(procedure).await;
            }
            let application = Application::start(&server, Setup::mysql_alternating_users()).await;
            let (database, clone) = (&application.app.database, format!("{}_clone", application.app.user()));
            server.execute(&format!("CREATE TABLE {database}.t (a INT)")).await;
            let old = Credentials::new(&clone);
            let account = format!("`{clone}`@`%`");
            let password = testbed::mysql::text(&old.password);
            server.execute(&format!("CREATE USER {account} IDENTIFIED BY {password}")).await;
            let mut session = server.sign_in(&old, "").await.expect("it signs in");
            server.execute(&format!("DROP USER {account}")).await;

            let refusal = application.rotate_expect_err().await;
            assert!(
                refusal.contains("sessions of that name, or sign-ins that began before, are open"),
                "{refusal}"
            );
            let accounts = format!("SELECT COUNT(*) FROM mysql.user WHERE User = '{clone}'");
            assert_eq!(server.values(&accounts).await, ["0"], "an account was made on {version}");
            let read = format!("SELECT a FROM {database}.t");
            assert!(
                testbed::mysql::run(&mut session, &read).await.is_err(),
                "it gained a right on {version}"
            );

            let kills = remedy(&refusal, "an administrator");
            let form = if on_rds { "CALL mysql.rds_kill(" } else { "KILL " };
            assert!(kills.len() == 1 && kills[0].starts_with(form), "{kills:?}");
            server.execute(&kills[0]).await;
            application.rotate_ok().await;
            assert!(testbed::mysql::run(&mut session, &read).await.is_err(), "it lives on {version}");
        }
    }
}

/// A sign-in that has begun is tied to its account, and may finish after that account was dropped. On MariaDB anyone can begin one
/// with any user name, so it must not stop rotations for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_began_before_is_waited_for() {
    for version in mysql_versions() {
        for (timeout, ends) in [("2", true), ("60", false)] {
            let settings = [("connect-timeout", timeout)];
            let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
            let server = MySql::start(version, options).await;
            let application = Application::start(&server, Setup::mysql_alternating_users()).await;
            let clone = format!("{}_clone", application.app.user());
            let mut stalled = begin_to_sign_in(server.port(), &clone).await;
            if ends {
                application.rotate_ok().await;
            } else {
                let refusal = application.rotate_expect_err().await;
                assert!(refusal.contains("sign-ins that began before"), "{refusal}");
                for kill in remedy(&refusal, "an administrator") {
                    server.execute(&kill).await;
                }
                application.rotate_ok().await;
            }
            let mut rest = Vec::new();
            let ended = stalled.read_to_end(&mut rest).await;
            assert!(
                ended.is_ok() || ended.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset),
                "{version}"
            );
        }
    }
}

/// Names a user and a plugin that the server does not use, and does not respond to the server's next message.
async fn begin_to_sign_in(port: u16, user: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
    let mut greeting = [0; 512];
    assert!(stream.read(&mut greeting).await.expect("a greeting") > 0);
    // CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH (MySQL, "Protocol::HandshakeResponse41").
    let head = [&0x0008_8200_u32.to_le_bytes()[..], &[0, 0, 0, 1, 45], &[0; 23]].concat();
    let body = [&head, user.as_bytes(), b"\0\0", b"no_such_plugin\0"].concat();
    stream.write_all(&packet(1, &body)).await.expect("the server takes it");
    let mut question = [0; 512];
    assert!(stream.read(&mut question).await.expect("a question") > 0);
    assert_eq!(question[4], 0xfe, "it asks for another plugin");
    stream
}

/// The base gets a second host: sessions of the clone at the first one are the application's.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_a_clone_with_another_account_are_the_applications() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let clone = application.credentials("AWSCURRENT").await.expect("a current version");
        let mut pool = server.sign_in(&clone, "").await.expect("it signs in");
        application.rotate_ok().await;
        let base = application.credentials("AWSCURRENT").await.expect("a current version");
        let at = format!("`{}`@`10.%`", base.user);
        let rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES";
        for statement in [
            format!("CREATE USER {at} IDENTIFIED BY {}", testbed::mysql::text(&base.password)),
            format!("GRANT {rights} ON {}.* TO {at}", application.app.database),
        ] {
            server.execute(&statement).await;
        }
        application.rotate_ok().await;
        testbed::mysql::run(&mut pool, "SELECT 1").await.expect("it lives");
    }
}

/// A superuser that does not see the sessions of others cannot tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_sees_no_sessions_makes_no_clone() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let holder = if version.is_mariadb() { "`master`@`%`" } else { "`master_role`" };
        server.execute(&format!("REVOKE PROCESS ON *.* FROM {holder}")).await;
        let refusal = application.rotate_expect_err().await;
        let grants = remedy(&refusal, "an administrator");
        assert_eq!(grants, ["GRANT PROCESS ON *.* TO `master`@`%`"]);
        server.execute(&grants[0]).await;
        application.rotate_ok().await;
    }
}

/// Ordinary turns end no session: pools keep theirs.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_alternation_ends_no_session() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let mut sessions = Vec::new();
        for _turn in 0..4 {
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            sessions.push(server.sign_in(&current, "").await.expect("it signs in"));
            application.rotate_ok().await;
            for session in &mut sessions {
                testbed::mysql::run(session, "SELECT 1").await.expect("it lives");
            }
        }
    }
}
