//! Objects with a definer on MySQL and MariaDB: what a former account of the clone's name has defined runs with the privileges of
//! the account that has the name now.

use testbed::mysql::run;
use testbed::{Application, Credentials, MySql, MySqlOptions, Setup, mysql_versions, remedy};

/// The account still exists, and is not proved to be the application's, or was dropped long ago.
#[tokio::test(flavor = "multi_thread")]
async fn objects_that_a_former_account_of_the_clones_name_defined_gain_nothing() {
    for version in mysql_versions() {
        for is_dropped in [false, true] {
            let server = MySql::start(version, MySqlOptions::default()).await;
            let application = Application::start(&server, Setup::mysql_alternating_users()).await;
            if !version.is_mariadb() {
                // As RDS's master has it. Without it the server itself refuses to make such an account.
                server.execute("GRANT ALLOW_NONEXISTENT_DEFINER ON *.* TO `master`@`%`").await;
            }
            let (base, database) = (application.app.user(), &application.app.database);
            let (old, evil) = (Credentials::new(&format!("{base}_clone")), Credentials::new("evil"));
            server.execute(&format!("CREATE TABLE {database}.t (a INT)")).await;
            server.execute("CREATE DATABASE theirs").await;
            for user in [&old, &evil] {
                let (name, password) = (&user.user, testbed::mysql::text(&user.password));
                server.execute(&format!("CREATE USER `{name}`@`%` IDENTIFIED BY {password}")).await;
                server.execute(&format!("GRANT ALL ON theirs.* TO `{name}`@`%` WITH GRANT OPTION")).await;
            }
            let mut session = server.sign_in(&old, "theirs").await.expect("it signs in");
            for definition in [
                format!("CREATE PROCEDURE theirs.p() SQL SECURITY DEFINER SELECT a FROM {database}.t"),
                format!(
                    "CREATE FUNCTION theirs.f() RETURNS INT READS SQL DATA RETURN (SELECT MAX(a) FROM {database}.t)"
                ),
                "CREATE TABLE theirs.t (a INT)".into(),
                "CREATE VIEW theirs.v AS SELECT * FROM theirs.t".into(),
                "CREATE TRIGGER theirs.tr BEFORE INSERT ON theirs.t FOR EACH ROW SET NEW.a = 1".into(),
                "CREATE EVENT theirs.e ON SCHEDULE EVERY 1 YEAR DO SELECT 1".into(),
            ] {
                run(&mut session, &definition).await.unwrap_or_else(|error| panic!("{definition}: {error}"));
            }
            drop(session);
            let refusal = if is_dropped {
                server.execute(&format!("DROP USER `{base}_clone`@`%`")).await;
                application.rotate_expect_err().await
            } else {
                application.rotate_expect_err().await
            };
            let printed = remedy(&refusal, "an administrator");
            assert_eq!(
                printed.iter().filter(|statement| statement.contains("`theirs`")).count(),
                5,
                "{refusal}"
            );
            for statement in printed {
                server.execute(&statement).await;
            }
            application.rotate_ok().await;
            let mut session = server.sign_in(&evil, "theirs").await.expect("it signs in");
            run(&mut session, "CALL theirs.p()").await.expect_err("it is gone");
        }
    }
}

/// The superuser cannot see the definition: the server names it, and the error says what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_the_superuser_cannot_see_is_explained() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let clone = format!("{}_clone", application.app.user());
        server.execute("CREATE DATABASE theirs").await;
        let definition =
            format!("CREATE DEFINER = `{clone}`@`%` EVENT theirs.e ON SCHEDULE EVERY 1 YEAR DO SELECT 1");
        server.execute(&definition).await;
        server.execute("REVOKE EVENT ON *.* FROM `master_role`").await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("4006") && refusal.contains("information_schema"), "{refusal}");
        let looked = "SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE DEFINER = ";
        assert_eq!(server.values(&format!("{looked}'{clone}@%'")).await, ["theirs"]);
        server.execute("DROP EVENT theirs.e").await;
        application.rotate_ok().await;
    }
}
