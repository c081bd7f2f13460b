//! Sessions of MySQL and MariaDB outlive their account, and see what a new one of that name is granted.

use bed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql_versions};

use super::statements;

/// Whoever held the clone's name once, and kept a session, gains nothing from the clone that a turn makes.
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
            let former = Credentials::new(&clone);
            let account = format!("`{clone}`@`%`");
            let password = bed::mysql::text(&former.password);
            server.execute(&format!("CREATE USER {account} IDENTIFIED BY {password}")).await;
            let mut session = server.sign_in(&former, "").await.expect("it signs in");
            server.execute(&format!("DROP USER {account}")).await;

            let refusal = application.rotate_badly().await;
            assert!(refusal.contains("sessions of that name are open"), "{refusal}");
            let accounts = format!("SELECT COUNT(*) FROM mysql.user WHERE User = '{clone}'");
            assert_eq!(server.values(&accounts).await, ["0"], "an account was made on {version}");
            let read = format!("SELECT a FROM {database}.t");
            assert!(bed::mysql::run(&mut session, &read).await.is_err(), "it gained a right on {version}");

            let kills = statements(&refusal, "as an administrator run ");
            let form = if on_rds { "CALL mysql.rds_kill(" } else { "KILL " };
            assert!(kills.len() == 1 && kills[0].starts_with(form), "{kills:?}");
            server.execute(kills[0]).await;
            application.rotate_well().await;
            assert!(bed::mysql::run(&mut session, &read).await.is_err(), "it lives on {version}");
        }
    }
}

/// A superuser that does not see the sessions of others cannot tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_sees_no_sessions_makes_no_clone() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        server.execute("REVOKE PROCESS ON *.* FROM `master`@`%`").await;
        let refusal = application.rotate_badly().await;
        let grants = statements(&refusal, "this turn needs; run ");
        assert_eq!(grants, ["GRANT PROCESS ON *.* TO `master`@`%`"]);
        server.execute(grants[0]).await;
        application.rotate_well().await;
    }
}

/// Ordinary turns end no session: pools keep theirs.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_turn_ends_no_session() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let mut sessions = Vec::new();
        for _turn in 0..4 {
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            sessions.push(server.sign_in(&current, "").await.expect("it signs in"));
            application.rotate_well().await;
            for session in &mut sessions {
                bed::mysql::run(session, "SELECT 1").await.expect("it lives");
            }
        }
    }
}
