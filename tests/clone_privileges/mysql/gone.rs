//! Privileges on objects that were dropped.

use testbed::mysql::run;
use testbed::{Application, MySql, Setup, mysql_versions};

/// A privilege on a dropped object cannot be granted, and has no effect for the base: the clone is promoted without it.
const GONE: &[(&str, &[&str])] = &[
    (
        "a column that is gone",
        &["GRANT SELECT (a, b), INSERT ON {d}.t TO {b}", "ALTER TABLE {d}.t DROP COLUMN b"],
    ),
    (
        "a table that is gone, which the base may not create",
        &[
            "CREATE DATABASE {r}_other",
            "CREATE TABLE {r}_other.t (a INT)",
            "GRANT SELECT ON {r}_other.t TO {b}",
            "DROP TABLE {r}_other.t",
        ],
    ),
    (
        "a routine and a column in a database that is gone",
        &[
            "CREATE DATABASE {r}_gone",
            "CREATE TABLE {r}_gone.t (a INT)",
            "CREATE FUNCTION {r}_gone.f() RETURNS INT DETERMINISTIC RETURN 1",
            "GRANT SELECT (a) ON {r}_gone.t TO {b}",
            "GRANT EXECUTE ON FUNCTION {r}_gone.f TO {b}",
            "DROP DATABASE {r}_gone",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_on_a_dropped_object_stops_no_rotation() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for (number, (shape, statements)) in GONE.iter().enumerate() {
            let setup = Setup { user: "dead", ..Setup::mysql_alternating_users() };
            let application = Application::start(server, setup).await;
            let user = application.app.user().to_owned();
            let mut root = server.root_session().await;
            run(&mut root, &format!("CREATE TABLE {}.t (a INT, b INT)", application.app.database))
                .await
                .expect("a table");
            for statement in *statements {
                let statement = statement.replace("{b}", &format!("`{user}`@`%`"));
                let statement = statement.replace("{d}", &application.app.database);
                let statement = statement.replace("{r}", &format!("dead{number}"));
                run(&mut root, &statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
            }
            println!("{shape} on {version}");
            for _turn in 0..2 {
                application.rotate_ok().await;
            }
        }
    }
}
