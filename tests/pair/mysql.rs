//! On MySQL and MariaDB.

use testbed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql, mysql_versions};

use super::{Desk, makes_a_pair, setup, what_the_secret_tells_is_refused};

async fn application(server: &MySql) -> Application<'_, MySql> {
    Application::start(server, setup(Setup::mysql_alternating_users())).await
}

/// Runs SQL in a session that the server's log shows, with an `sql_mode` of its own. An error ends it, as it ends `mysql < FILE`.
async fn run_as_root(server: &MySql, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut session = server.sign_in(&server.root(), "").await.expect("root signs in");
    mysql::run(&mut session, "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
        .await
        .expect("it may");
    mysql::run(&mut session, sql).await
}

/// Runs each statement, also after one that fails, as an interactive client does.
async fn run_each_as_root(server: &MySql, sql: &str) {
    let mut session = server.sign_in(&server.root(), "").await.expect("root signs in");
    for statement in sql.split(";\n") {
        let _ = mysql::run(&mut session, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_makes_a_pair_that_rotates() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = application(&server).await;
        let (base, database) = (application.app.user(), &application.app.database);
        let account = format!("`{base}`@`%`");
        let mut statements = vec![
            format!("CREATE TABLE {database}.`t``'` (a INT, `b\\` INT)"),
            format!("CREATE PROCEDURE {database}.p() SELECT 1"),
            format!("GRANT UPDATE (a), REFERENCES (`b\\`) ON {database}.`t``'` TO {account}"),
            format!("GRANT DELETE ON {database}.`t``'` TO {account} WITH GRANT OPTION"),
            format!("GRANT EXECUTE ON PROCEDURE {database}.p TO {account}"),
            format!("GRANT PROCESS ON *.* TO {account}"),
            format!(
                "ALTER USER {account} REQUIRE SSL WITH MAX_USER_CONNECTIONS 50 MAX_QUERIES_PER_HOUR 100000"
            ),
            format!("ALTER USER {account} PASSWORD EXPIRE INTERVAL 90 DAY"),
            "CREATE ROLE team, writers".into(),
            format!("GRANT team TO {account} WITH ADMIN OPTION"),
        ];
        if version.is_mariadb() {
            statements.push(format!("GRANT writers TO {account}"));
            statements.push(format!("SET DEFAULT ROLE writers FOR {account}"));
        } else {
            statements.push(format!("GRANT writers TO {account}"));
            statements.push(format!("ALTER USER {account} DEFAULT ROLE writers"));
            statements.push(format!(
                "ALTER USER {account} FAILED_LOGIN_ATTEMPTS 10 PASSWORD_LOCK_TIME 1 PASSWORD HISTORY 3 \
                 ATTRIBUTE '{{\"team\": \"it''s\"}}'"
            ));
            statements.push("SET GLOBAL partial_revokes = ON".into());
            statements.push(format!("GRANT SELECT, CONNECTION_ADMIN ON *.* TO {account}"));
            statements.push(format!("REVOKE SELECT ON mysql.* FROM {account}"));
        }
        for statement in statements {
            server.execute(&statement).await;
        }
        let log = server.whole_log();
        let run = async |sql: &str| _ = run_as_root(&server, sql).await.expect(sql);
        makes_a_pair(&application, &log, run).await;
        let clone = server.rows_about(&format!("{base}_clone")).await;
        assert_eq!(server.rows_about(base).await, clone, "{version}");
        assert!(clone.len() > 5, "{clone:?}");
    }
}

/// The clone signs in as its base does.
#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_sign_in_by_a_password_is_the_clones_too() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let methods: &[&str] = if version.is_mariadb() {
            &["mysql_native_password"]
        } else {
            &["sha256_password", "caching_sha2_password"]
        };
        for method in methods {
            let application = application(server).await;
            let (base, password) =
                (application.app.user(), mysql::text(&application.app.credentials.password));
            if !version.is_mariadb() {
                server
                    .execute(&format!("ALTER USER `{base}`@`%` IDENTIFIED WITH {method} BY {password}"))
                    .await;
            }
            let run = async |sql: &str| _ = run_as_root(server, sql).await.expect(sql);
            makes_a_pair(&application, &server.log(), run).await;
            let plugin = format!("SELECT plugin FROM mysql.user WHERE User IN ('{base}', '{base}_clone')");
            assert_eq!(server.values(&plugin).await, [*method, *method]);
        }
    }
}

/// What any user can give to any other is no reason to give it to the clone.
#[tokio::test(flavor = "multi_thread")]
async fn proxies_and_the_global_grant_option_are_named_and_left_out() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = application(server).await;
        let base = application.app.user();
        server.execute(&format!("CREATE USER evil_{base}")).await;
        server.execute(&format!("GRANT PROXY ON evil_{base} TO `{base}`@`%` WITH GRANT OPTION")).await;
        let printed = Desk::of(&application).pair(&[&application.arn]).await;
        assert!(printed.succeeded && printed.said.contains("is not given what"), "{}", printed.said);
        assert!(
            !printed.sql.contains("PROXY ON") && !printed.sql.contains("GRANT OPTION"),
            "{}",
            printed.sql
        );
    }
}

/// Only the person who runs the SQL can see these; it fails, and nothing exists afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn sql_that_would_make_no_pair_or_give_rights_to_others_fails_first() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = application(&server).await;
        let (base, database) = (application.app.user(), &application.app.database);
        let printed = Desk::of(&application).pair(&[&application.arn]).await;
        assert!(printed.succeeded, "{}", printed.said);
        let clone = format!("`{base}_clone`@`%`");
        for (before, said, after) in [
            (
                format!("CREATE USER `{base}`@`10.0.0.1` IDENTIFIED BY 'Another-1'"),
                "several hosts",
                format!("DROP USER `{base}`@`10.0.0.1`"),
            ),
            (
                format!("CREATE USER `{base}_clone`@`10.0.0.1`"),
                "the clone exists",
                format!("DROP USER `{base}_clone`@`10.0.0.1`"),
            ),
            (
                format!("CREATE USER {clone} IDENTIFIED BY 'A-stranger-1' ACCOUNT LOCK"),
                "the clone exists",
                format!("DROP USER {clone}"),
            ),
            (
                format!("CREATE DEFINER = {clone} VIEW {database}.v AS SELECT 1 AS one"),
                "as their definer",
                format!("DROP VIEW {database}.v"),
            ),
            (
                format!(
                    "CREATE USER {clone}; CREATE USER evil; GRANT PROXY ON {clone} TO evil; DROP USER {clone}"
                ),
                "others may act as the clone",
                "DROP USER evil; DELETE FROM mysql.proxies_priv WHERE User = 'evil'".into(),
            ),
        ] {
            server.execute(&before).await;
            let error = run_as_root(&server, &printed.sql).await.expect_err(said).to_string();
            assert!(error.contains("refused: ") && error.contains(said), "{before}: {error}");
            let before_all = server.rows_about(&format!("{base}_clone")).await;
            run_each_as_root(&server, &printed.sql).await;
            assert_eq!(server.rows_about(&format!("{base}_clone")).await, before_all, "{before}");
            server.execute(&after).await;
        }
        let mut session = server.root_session().await;
        mysql::run(&mut session, &format!("CREATE USER {clone} IDENTIFIED BY 'Former-1'"))
            .await
            .expect("a user");
        let former = testbed::Credentials { user: format!("{base}_clone"), password: "Former-1".into() };
        let open = server.sign_in(&former, "").await.expect("it signs in");
        mysql::run(&mut session, &format!("DROP USER {clone}")).await.expect("dropped");
        let error = run_as_root(&server, &printed.sql).await.expect_err("a session is open").to_string();
        assert!(error.contains("open sessions"), "{error}");
        drop(open);
    }
}

/// MariaDB's GRANT would create it, with no password.
#[tokio::test(flavor = "multi_thread")]
async fn without_create_user_nothing_creates_the_clone() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = application(server).await;
        let printed = Desk::of(&application).pair(&[&application.arn]).await;
        let others = printed.sql.lines().filter(|line| !line.starts_with("CREATE USER"));
        let others = others.collect::<Vec<_>>().join("\n");
        assert!(others.contains("\nGRANT ") && others.len() < printed.sql.trim_end().len(), "{others}");
        run_each_as_root(server, &others).await;
        let clone = server.rows_about(&format!("{}_clone", application.app.user())).await;
        assert!(clone.is_empty(), "{version}: {clone:?}");
    }
}

/// Until its last statement, the clone does not sign in.
#[tokio::test(flavor = "multi_thread")]
async fn sql_that_ends_in_between_leaves_a_clone_that_is_locked() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = application(server).await;
        let desk = Desk::of(&application);
        let printed = desk.pair(&[&application.arn]).await;
        let (but_the_last, last) = printed.sql.trim_end().rsplit_once('\n').expect("several statements");
        run_as_root(server, but_the_last).await.expect("it succeeds");
        let clone = testbed::Credentials {
            user: format!("{}_clone", application.app.user()),
            password: desk.written()["password"].as_str().expect("a password").to_owned(),
        };
        assert!(!server.signs_in(&clone, "").await, "{version}");
        run_as_root(server, last).await.expect("it succeeds");
        assert!(server.signs_in(&clone, "").await, "{version}");
    }
}

/// With SELECT on `mysql` the base sees its other account itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_with_accounts_at_several_hosts_is_refused_where_it_sees_them() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = application(server).await;
        let base = application.app.user();
        let password = mysql::text(&application.app.credentials.password);
        server.execute(&format!("GRANT SELECT ON mysql.* TO `{base}`@`%`")).await;
        server.execute(&format!("CREATE USER `{base}`@`10.0.0.1` IDENTIFIED BY {password}")).await;
        let refusal = Desk::of(&application).refused(&[&application.arn]).await;
        assert!(refusal.contains("whose superuser sets the passwords at every host"), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_secret_tells_is_refused_with_what_to_do() {
    what_the_secret_tells_is_refused(
        MySql::shared(mysql_versions()[0]).await,
        Setup::mysql_alternating_users(),
    )
    .await;
}

/// Accounts are told apart by case; the tables of sessions and of objects are not.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_name_differs_in_case_is_not_the_clone() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = application(&server).await;
        let (base, database) = (application.app.user(), &application.app.database);
        let stranger = Credentials::new(&format!("{}_CLONE", base.to_uppercase()));
        let name = mysql::name(&stranger.user);
        for statement in [
            format!("CREATE USER {name}@'%' IDENTIFIED BY {}", mysql::text(&stranger.password)),
            format!("CREATE DEFINER = {name}@'%' PROCEDURE {database}.p() SELECT 1"),
            format!("CREATE DEFINER = {name}@'%' VIEW {database}.v AS SELECT 1"),
        ] {
            server.execute(&statement).await;
        }
        let _open = server.sign_in(&stranger, "").await.expect("it signs in");
        let sql = Desk::of(&application).pair(&[&application.arn]).await.sql;
        run_as_root(&server, &sql).await.unwrap_or_else(|error| panic!("{version}: {error}: {sql}"));
    }
}
