//! Stored functions of MySQL and MariaDB.

use serde_json::json;
use testbed::{Application, MySql, Server, Setup, mysql_versions};

/// All functions that our statements name. A name that the server does not know is looked up in the session's database.
const FUNCTIONS: [&str; 8] =
    ["CONCAT", "VERSION", "CURRENT_USER", "USER", "LEFT", "SHA2", "GET_LOCK", "SHA1"];

#[tokio::test(flavor = "multi_thread")]
async fn no_stored_function_of_the_applications_database_runs_in_a_superusers_session() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let database = &application.app.database;
        server.execute(&format!("CREATE TABLE {database}.ran (who TEXT)")).await;
        let mut planted = 0;
        let mut root = server.root_session().await;
        for function in FUNCTIONS {
            let made = format!(
                "CREATE FUNCTION {database}.{function} (a TEXT) RETURNS TEXT DETERMINISTIC SQL SECURITY INVOKER \
                 BEGIN INSERT INTO {database}.ran VALUES (SUBSTRING_INDEX(USER(), '@', 1)); RETURN '1'; END"
            );
            // Some of these names are words of the grammar.
            planted += usize::from(testbed::mysql::run(&mut root, &made).await.is_ok());
        }
        assert!(planted >= 4, "only {planted} functions on {version}");
        // The worst a secret's writer can do: point the superuser's own session there as well.
        let mut superuser = server.superuser_secret().await;
        superuser["dbname"] = json!(database);
        application.store_superuser(&superuser).await;
        let log = server.log();
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
        let ran = server.values(&format!("SELECT who FROM {database}.ran")).await;
        assert_eq!(ran, Vec::<String>::new(), "on {version}");
        let text = log.text();
        let opened: Vec<_> = text
            .lines()
            .filter(|line| line.contains("Connect\tmaster@") && line.contains(&format!(" on {database} ")))
            .collect();
        assert_eq!(opened, Vec::<&str>::new(), "the superuser opened the application's database");
    }
}
