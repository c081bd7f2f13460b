//! The statements of a rotation do not stop a replica that lacks the user.

use sqlx::Row;
use testbed::mysql::{run, text};
use testbed::{Application, Credentials, MySql, MySqlOptions, Server, mysql_versions};

async fn start(version: testbed::MySqlVersion, settings: &[(&str, &str)]) -> MySql {
    MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await
}

/// The number of the error that has stopped a replica, or 0, once it has applied what its source has written.
async fn stopped_by(replica: &MySql, file: &str, position: &str) -> String {
    let waited = format!("SELECT IFNULL(SOURCE_POS_WAIT({}, {position}, 20), 'stopped')", text(file));
    let waited = replica.values(&waited).await.concat();
    assert_ne!(waited, "-1", "the replica has done nothing within 20 s");
    let mut root = replica.root_session().await;
    let status = sqlx::raw_sql("SHOW REPLICA STATUS").fetch_one(&mut root).await.expect("it is a replica");
    status.try_get_unchecked::<String, _>("Last_SQL_Errno").expect("a number")
}

/// Such as a replica with filters, or one on which the user was dropped. On MariaDB every statement with which a user changes its
/// own password stops such a replica.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_stops_no_replica_that_lacks_the_user() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let source = start(version, &[("log-bin", "changes"), ("server-id", "1")]).await;
        let replica = start(version, &[("server-id", "2")]).await;
        // A replica takes 32 characters at most.
        let password = text(&Credentials::new("copier").password[..20]);
        source.execute(&format!("CREATE USER copier@'%' IDENTIFIED BY {password}")).await;
        source.execute("GRANT REPLICATION SLAVE ON *.* TO copier@'%'").await;
        let mut applications = Vec::new();
        for setup in source.setups() {
            let alternates = setup.function.contains("alternating");
            let application = Application::start(&source, setup).await;
            source.allow_two_passwords(&application.app).await;
            if alternates {
                // The replica gets the base's turn only: a clone that is missing there would stop it by its grants.
                application.rotate_ok().await;
            }
            applications.push((application, if alternates { 1 } else { 2 }));
        }
        let position = async || {
            let mut root = source.root_session().await;
            let row =
                sqlx::raw_sql("SHOW BINARY LOG STATUS").fetch_one(&mut root).await.expect("it has a log");
            let value = |index: usize| row.try_get_unchecked::<String, _>(index).expect("a value");
            (value(0), value(1))
        };
        let (file, from) = position().await;
        let mut root = replica.root_session().await;
        let change = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = 'copier', SOURCE_PASSWORD = \
             {password}, SOURCE_SSL = 1, SOURCE_LOG_FILE = {}, SOURCE_LOG_POS = {from}",
            source.port(),
            text(&file)
        );
        run(&mut root, &change).await.expect("root may");
        run(&mut root, "START REPLICA").await.expect("root may");
        for (application, turns) in &applications {
            for _turn in 0..*turns {
                application.rotate_ok().await;
            }
            let (file, position) = position().await;
            assert_eq!(stopped_by(&replica, &file, &position).await, "0");
        }
        // As a statement without IF EXISTS does.
        let user = applications[0].0.app.user();
        source.execute(&format!("ALTER USER `{user}`@`%` IDENTIFIED BY 'any-Password-1'")).await;
        let (file, position) = position().await;
        assert_eq!(stopped_by(&replica, &file, &position).await, "1396");
    }
}

/// The same statement on MariaDB, by a superuser.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_sets_a_password_by_a_statement_that_stops_no_replica_without_the_user() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, testbed::Setup::mysql_alternating_users()).await;
        let log = server.log();
        application.rotate_ok().await;
        application.rotate_ok().await;
        let said = log.text();
        let user = application.app.user();
        let changes = said.lines().filter(|line| line.contains("Query\tALTER USER"));
        let changes: Vec<_> = changes.filter(|line| line.contains(&format!("`{user}`@"))).collect();
        assert!(!changes.is_empty(), "{said}");
        for change in changes {
            assert!(change.contains("\tALTER USER IF EXISTS "), "{change}");
        }
    }
}
