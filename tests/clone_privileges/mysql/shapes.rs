//! A table of accounts in every shape that this project knows of.

use rotation::Target;
use testbed::mysql::{name, run};
use testbed::{MySql, MySqlVersion, mysql_versions};

use crate::support::UserPair;

/// Where a shape exists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    MySql,
    MariaDb,
}
use On::{Both, MariaDb, MySql as OnlyMySql};

/// A shape, and the statements that make it. `{b}` is the base's account, `{d}` a database of its own with the tables
/// `t` (columns `a`, `b`) and ``` odd`t TO x```, a function `f` and a procedure `p`; `{r}` begins the names of roles and
/// other users.
const SHAPES: &[(On, &str, &[&str])] = &[
    (Both, "nothing at all", &[]),
    (Both, "global privileges", &["GRANT SELECT, PROCESS ON *.* TO {b}"]),
    (
        Both,
        "global privileges with the grant option",
        &["GRANT SELECT, INSERT ON *.* TO {b} WITH GRANT OPTION"],
    ),
    (Both, "global privileges that the superuser lacks", &["GRANT FILE, SHUTDOWN ON *.* TO {b}"]),
    (OnlyMySql, "roles to make and drop", &["GRANT CREATE ROLE, DROP ROLE ON *.* TO {b}"]),
    (OnlyMySql, "a dynamic privilege", &["GRANT XA_RECOVER_ADMIN ON *.* TO {b}"]),
    (
        OnlyMySql,
        "a dynamic privilege with the grant option",
        &["GRANT FLUSH_TABLES ON *.* TO {b} WITH GRANT OPTION"],
    ),
    (
        OnlyMySql,
        "dynamic privileges of both kinds, beside static ones",
        &[
            "GRANT FLUSH_TABLES ON *.* TO {b} WITH GRANT OPTION",
            "GRANT XA_RECOVER_ADMIN, FLUSH_STATUS, SELECT ON *.* TO {b}",
        ],
    ),
    (OnlyMySql, "a dynamic privilege that the superuser lacks", &["GRANT BACKUP_ADMIN ON *.* TO {b}"]),
    (OnlyMySql, "a user of the system", &["GRANT SYSTEM_USER ON *.* TO {b}"]),
    (Both, "some of a database", &["GRANT SELECT, LOCK TABLES, EXECUTE ON {d}.* TO {b}"]),
    (Both, "all of a database", &["GRANT ALL PRIVILEGES ON {d}.* TO {b}"]),
    (
        Both,
        "all of a database, with the grant option",
        &["GRANT ALL PRIVILEGES ON {d}.* TO {b} WITH GRANT OPTION"],
    ),
    (
        Both,
        "nothing of a database, with the grant option",
        &["GRANT USAGE ON {d}.* TO {b} WITH GRANT OPTION"],
    ),
    (
        Both,
        "patterns of databases",
        &[r"GRANT SELECT ON `a\_b%`.* TO {b}", "GRANT INSERT ON `a_b%`.* TO {b}"],
    ),
    (Both, "a database with a name of signs", &["GRANT SELECT, DROP ON `x`` TO 'y'@'%' \"50%\"`.* TO {b}"]),
    (Both, "a database with letters of its own", &["GRANT SELECT ON `naïve-ю-名`.* TO {b}"]),
    (Both, "some of a table", &["GRANT SELECT, TRIGGER ON {d}.t TO {b}"]),
    (Both, "all of a table", &["GRANT ALL PRIVILEGES ON {d}.t TO {b}"]),
    (Both, "a table with the grant option", &["GRANT SELECT, INSERT ON {d}.t TO {b} WITH GRANT OPTION"]),
    (Both, "a table with a name of signs", &["GRANT SELECT, UPDATE ON {d}.`odd``t TO x` TO {b}"]),
    (Both, "columns", &["GRANT SELECT (a, b), UPDATE (b) ON {d}.t TO {b}"]),
    (
        Both,
        "columns and their table",
        &["GRANT SELECT, INSERT (a) ON {d}.t TO {b}", "GRANT SELECT (b) ON {d}.t TO {b}"],
    ),
    (Both, "a column with a name of signs", &["GRANT SELECT (`c``, d) ON x`) ON {d}.`odd``t TO x` TO {b}"]),
    (Both, "a function", &["GRANT EXECUTE ON FUNCTION {d}.f TO {b}"]),
    (
        Both,
        "all of a procedure, with the grant option",
        &["GRANT ALL PRIVILEGES ON PROCEDURE {d}.p TO {b} WITH GRANT OPTION"],
    ),
    (
        OnlyMySql,
        "a library",
        &[
            "CREATE LIBRARY {d}.l LANGUAGE JAVASCRIPT AS 'export function f() { return 1 }'",
            "GRANT EXECUTE ON LIBRARY {d}.l TO {b}",
        ],
    ),
    (Both, "a proxy", &["CREATE USER `{r}_other`@`%`", "GRANT PROXY ON `{r}_other`@`%` TO {b}"]),
    (
        Both,
        "a proxy with the grant option",
        &["CREATE USER `{r}_other`@`%`", "GRANT PROXY ON `{r}_other`@`%` TO {b} WITH GRANT OPTION"],
    ),
    (Both, "a role", &["CREATE ROLE `{r}_role`", "GRANT `{r}_role` TO {b}"]),
    (
        Both,
        "a role with the grant option",
        &["CREATE ROLE `{r}_role`", "GRANT `{r}_role` TO {b} WITH ADMIN OPTION"],
    ),
    (Both, "a role with a name of signs", &["CREATE ROLE `{r}`` TO 'x'`", "GRANT `{r}`` TO 'x'` TO {b}"]),
    (
        OnlyMySql,
        "three roles, of which two are taken at once",
        &[
            "CREATE ROLE `{r}_1`, `{r}_2`, `{r}_3`",
            "GRANT `{r}_1`, `{r}_2` TO {b}",
            "GRANT `{r}_3` TO {b} WITH ADMIN OPTION",
            "ALTER USER {b} DEFAULT ROLE `{r}_1`, `{r}_3`",
        ],
    ),
    (
        MariaDb,
        "two roles, of which one is taken at once",
        &[
            "CREATE ROLE `{r}_1`",
            "CREATE ROLE `{r}_2`",
            "GRANT `{r}_1` TO {b}",
            "GRANT `{r}_2` TO {b} WITH ADMIN OPTION",
            "SET DEFAULT ROLE `{r}_1` FOR {b}",
        ],
    ),
    (Both, "TLS", &["ALTER USER {b} REQUIRE SSL"]),
    (Both, "a certificate", &["ALTER USER {b} REQUIRE X509"]),
    (
        Both,
        "one certificate",
        &[
            r#"ALTER USER {b} REQUIRE SUBJECT '/CN=it''s \\ this' AND ISSUER '/O=a "b" TO c' AND CIPHER 'AES256-SHA'"#,
        ],
    ),
    (Both, "a cipher", &["ALTER USER {b} REQUIRE CIPHER 'TLS_AES_256_GCM_SHA384'"]),
    (
        Both,
        "limits",
        &[
            "ALTER USER {b} WITH MAX_QUERIES_PER_HOUR 900000 MAX_UPDATES_PER_HOUR 800000 MAX_CONNECTIONS_PER_HOUR 700000 MAX_USER_CONNECTIONS 60",
        ],
    ),
    (MariaDb, "a limit on time", &["ALTER USER {b} WITH MAX_STATEMENT_TIME 12.5"]),
    (
        Both,
        "a limit that was lifted",
        &["ALTER USER {b} WITH MAX_USER_CONNECTIONS 5", "ALTER USER {b} WITH MAX_USER_CONNECTIONS 0"],
    ),
    (Both, "a password without end", &["ALTER USER {b} PASSWORD EXPIRE NEVER"]),
    (Both, "a password of 90 days", &["ALTER USER {b} PASSWORD EXPIRE INTERVAL 90 DAY"]),
    (
        OnlyMySql,
        "a memory for passwords",
        &["ALTER USER {b} PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 30 DAY"],
    ),
    (OnlyMySql, "a demand for the current password", &["ALTER USER {b} PASSWORD REQUIRE CURRENT"]),
    (OnlyMySql, "no demand for the current password", &["ALTER USER {b} PASSWORD REQUIRE CURRENT OPTIONAL"]),
    (OnlyMySql, "failed sign-ins counted", &["ALTER USER {b} FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2"]),
    (
        OnlyMySql,
        "failed sign-ins counted for ever",
        &["ALTER USER {b} FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME UNBOUNDED"],
    ),
    (OnlyMySql, "a comment", &["ALTER USER {b} COMMENT 'it''s the app''s \"own\" \\\\ ю'"]),
    (
        OnlyMySql,
        "attributes",
        &[r#"ALTER USER {b} ATTRIBUTE '{"team": "ю \\"x\\"", "n": [1, {"a": null, "b": 2.5}]}'"#],
    ),
    (
        OnlyMySql,
        "a comment among attributes",
        &["ALTER USER {b} COMMENT 'c'", r#"ALTER USER {b} ATTRIBUTE '{"a": true, "é": "\\n"}'"#],
    ),
    (
        OnlyMySql,
        "attributes that are gone",
        &[r#"ALTER USER {b} ATTRIBUTE '{"a": 1}'"#, r#"ALTER USER {b} ATTRIBUTE '{"a": null}'"#],
    ),
    (
        OnlyMySql,
        "another way to sign in",
        &["ALTER USER {b} IDENTIFIED WITH sha256_password BY 'pw-Of-the-base-3'"],
    ),
    (
        Both,
        "two hosts",
        &[
            "CREATE USER `{u}`@`localhost` IDENTIFIED BY 'pw-Of-the-base-at-another-host'",
            "GRANT SELECT ON {d}.* TO {b}, `{u}`@`localhost`",
        ],
    ),
    (
        Both,
        "a host of a network",
        &[
            "RENAME USER {b} TO `{u}`@`10.0.0.0/255.0.0.0`",
            "GRANT SELECT ON {d}.* TO `{u}`@`10.0.0.0/255.0.0.0`",
        ],
    ),
    (
        OnlyMySql,
        "an empty host",
        &["RENAME USER {b} TO `{u}`@``", "GRANT SELECT ON {d}.* TO `{u}`@`` WITH GRANT OPTION"],
    ),
    (
        OnlyMySql,
        "a role at an empty host, taken at once",
        &[
            "CREATE ROLE `{r}_empty`@``",
            "GRANT `{r}_empty`@`` TO {b} WITH ADMIN OPTION",
            "ALTER USER {b} DEFAULT ROLE `{r}_empty`@``",
        ],
    ),
    (
        Both,
        "a right on a table that is gone, and to create it",
        &[
            "CREATE TABLE {d}.gone (a INT)",
            "GRANT SELECT, INSERT ON {d}.gone TO {b}",
            "GRANT CREATE ON {d}.* TO {b}",
            "DROP TABLE {d}.gone",
        ],
    ),
    (
        Both,
        "rights in a database that is gone",
        &[
            "CREATE DATABASE {r}_gone",
            "CREATE TABLE {r}_gone.t (a INT)",
            "GRANT SELECT ON {r}_gone.* TO {b}",
            "GRANT SELECT, CREATE ON {r}_gone.t TO {b}",
            "DROP DATABASE {r}_gone",
        ],
    ),
];

async fn set_up(server: &MySql, number: usize, of: &str, statements: &[&str]) -> String {
    let user = format!("{of}{number}");
    let database = format!("{of}_db{number}");
    let mut root = server.root_session().await;
    let create = format!("CREATE USER {}@`%` IDENTIFIED BY 'pw-Of-the-base-1'", name(&user));
    run(&mut root, &create).await.expect("a new user");
    for statement in [
        "CREATE DATABASE {d}",
        "CREATE TABLE {d}.t (a INT, b INT)",
        "CREATE TABLE {d}.`odd``t TO x` (`c``, d) ON x` INT)",
        "CREATE FUNCTION {d}.f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE PROCEDURE {d}.p() SELECT 1",
    ]
    .iter()
    .chain(statements)
    {
        let statement = statement.replace("{b}", &format!("{}@`%`", name(&user)));
        let statement = statement.replace("{d}", &name(&database)).replace("{r}", &format!("{of}r{number}"));
        let statement = statement.replace("{u}", &user);
        run(&mut root, &statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    user
}

async fn hold(server: &MySql, of: &str, shapes: &[(On, &str, &[&str])]) -> usize {
    let product = if server.version().is_mariadb() { MariaDb } else { OnlyMySql };
    let mut held = 0;
    for (number, (on, shape, statements)) in shapes.iter().enumerate() {
        if *on != Both && *on != product {
            continue;
        }
        let user = set_up(server, number, of, statements).await;
        let superuser = server.create_superuser(&format!("{of}m{number}")).await;
        if shape.starts_with("a proxy") {
            // Without it the clone goes without (tests/clone_privileges/mysql/proxies.rs).
            server
                .execute(&format!("GRANT PROXY ON ''@'' TO {}@`%` WITH GRANT OPTION", name(&superuser.user)))
                .await;
        }
        let pair = UserPair::of(server, superuser, &user);
        pair.turn_to_clone(shape).await;
        pair.are_equal(shape).await;
        pair.nothing_more_to_do(shape).await;
        pair.set_up_next_user(Target::Base, "pw-Of-the-base-2")
            .await
            .unwrap_or_else(|error| panic!("{shape}: {error}"));
        pair.are_equal(shape).await;
        held += 1;
    }
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_equal_to_a_base_of_any_shape() {
    for version in mysql_versions() {
        let held = hold(MySql::shared(version).await, "shape", SHAPES).await;
        println!("{version}: {held} shapes");
        assert!(held >= if version.is_mariadb() { 37 } else { 52 }, "{held} on {version}");
    }
}

const RESTRICTED: &[(On, &str, &[&str])] = &[
    (
        OnlyMySql,
        "all but one database",
        &["GRANT SELECT, INSERT ON *.* TO {b}", "REVOKE INSERT ON {d}.* FROM {b}"],
    ),
    (
        OnlyMySql,
        "all but two databases",
        &[
            "GRANT SELECT, UPDATE, DELETE ON *.* TO {b}",
            "REVOKE SELECT, UPDATE ON mysql.* FROM {b}",
            "REVOKE DELETE ON {d}.* FROM {b}",
        ],
    ),
    (
        OnlyMySql,
        "all but one database, beside a role that has all",
        &[
            "GRANT SELECT, INSERT ON *.* TO {b}",
            "REVOKE INSERT ON {d}.* FROM {b}",
            "CREATE ROLE `{r}_all`",
            "GRANT INSERT ON *.* TO `{r}_all`",
            "GRANT `{r}_all` TO {b}",
            "ALTER USER {b} DEFAULT ROLE `{r}_all`",
        ],
    ),
    (
        OnlyMySql,
        "all but one database, with the grant option",
        &["GRANT SELECT, INSERT ON *.* TO {b} WITH GRANT OPTION", "REVOKE INSERT ON {d}.* FROM {b}"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_has_the_partial_revokes_of_its_base() {
    if !mysql_versions().contains(&MySqlVersion::MySql97) {
        return;
    }
    let server = MySql::shared(MySqlVersion::MySql97).await;
    assert_eq!(hold(server, "part", RESTRICTED).await, RESTRICTED.len());
}
