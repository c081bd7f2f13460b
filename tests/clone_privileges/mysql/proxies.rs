//! PROXY on MySQL and MariaDB. Any user may grant PROXY on itself to anyone. WITH GRANT OPTION brings the global GRANT OPTION,
//! and the grant outlives the user. It stops no rotation, and gives a clone nothing that its base lacks.

use serde_json::json;
use testbed::mysql::run;
use testbed::{
    Application, Credentials, MySql, MySqlOptions, Server, ServerLog, Setup, mysql_versions, remedy,
};

/// A user without any privilege.
async fn create_attacker(server: &MySql, of: &Application<'_, MySql>) -> Credentials {
    let evil = Credentials::new(&format!("e{}", of.app.user()));
    let password = testbed::mysql::text(&evil.password);
    server.execute(&format!("CREATE USER `{}`@`%` IDENTIFIED BY {password}", evil.user)).await;
    evil
}

/// Runs a statement of its own about itself, `{e}`.
async fn run_as_attacker(server: &MySql, evil: &Credentials, statement: &str) {
    let mut session = server.sign_in(evil, "").await.expect("it signs in");
    let statement = statement.replace("{e}", &format!("`{}`@`%`", evil.user));
    run(&mut session, &statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
}

/// The statements about the clone of a user: other tests use the server at the same time.
fn about_the_clone(log: &ServerLog, user: &str) -> String {
    let clone = format!("`{user}_clone`");
    log.text().lines().filter(|line| line.contains(&clone)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_stops_a_rotation_by_a_proxy_on_itself() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for option in ["", " WITH GRANT OPTION"] {
            // To either user, in the turn of either.
            for (to, turns) in [("", 0), ("_clone", 1), ("_clone", 2)] {
                let application = Application::start(server, Setup::mysql_alternating_users()).await;
                let user = application.app.user().to_owned();
                let evil = create_attacker(server, &application).await;
                for _turn in 0..turns {
                    application.rotate_ok().await;
                }
                let grant = format!("GRANT PROXY ON {{e}} TO `{user}{to}`@`%`{option}");
                run_as_attacker(server, &evil, &grant).await;
                server.execute(&format!("DROP USER `{}`@`%`", evil.user)).await;
                // Something else to grant and revoke, so that the clone is read anew.
                let database = &application.app.database;
                server.execute(&format!("GRANT TRIGGER ON {database}.* TO `{user}`@`%`")).await;
                let log = server.log();
                for _turn in 0..3 {
                    application.rotate_ok().await;
                    assert!(application.signs_in("AWSCURRENT").await, "{grant} on {version}");
                }
                let said = about_the_clone(&log, &user);
                assert!(!said.contains("GRANT PROXY"), "{grant} on {version}: {said}");
                let output = application.output();
                let warned = output.lines().find(|line| line.contains("any user can grant that"));
                assert!(
                    warned.is_some_and(|line| line.contains("WARN") && line.contains(&evil.user)),
                    "{grant} on {version}: {output}"
                );
            }
        }
    }
}

/// The base gets a proxy, and the global GRANT OPTION with it, before its clone is created, and at one of its two hosts only.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_older_than_the_clone_stops_no_rotation_at_any_host() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let (user, database) = (application.app.user().to_owned(), application.app.database.clone());
        let evil = create_attacker(server, &application).await;
        let rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES";
        let password = testbed::mysql::text(&application.app.credentials.password);
        server.execute(&format!("CREATE USER `{user}`@`10.%` IDENTIFIED BY {password}")).await;
        server.execute(&format!("GRANT {rights} ON {database}.* TO `{user}`@`10.%`")).await;
        run_as_attacker(server, &evil, &format!("GRANT PROXY ON {{e}} TO `{user}`@`10.%` WITH GRANT OPTION"))
            .await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        let held = format!("SELECT COUNT(*) FROM mysql.proxies_priv WHERE User = '{user}_clone'");
        assert_eq!(server.values(&held).await, ["0"], "on {version}");
        // The clone has the global option where the base has it.
        let option = format!("SELECT Host FROM mysql.user WHERE User = '{user}_clone' AND Grant_priv = 'Y'");
        assert_eq!(server.values(&option).await, ["10.%"], "on {version}");
    }
}

/// A superuser that may grant proxies copies them. GRANT PROXY ... WITH GRANT OPTION would give the global option as well, which
/// this base lacks: the clone must not have it for an instant.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_whose_grant_would_give_more_is_not_copied() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let user = application.app.user().to_owned();
        let superuser = server.create_superuser(&format!("m{user}")).await;
        application.store_superuser(&server.secret(&superuser, "mysql")).await;
        let (evil, base) = (create_attacker(server, &application).await, format!("`{user}`@`%`"));
        for statement in [
            format!("GRANT PROXY ON ''@'' TO `{}`@`%` WITH GRANT OPTION", superuser.user),
            format!("CREATE USER `o{user}`@`%`"),
            format!("GRANT PROXY ON `o{user}`@`%` TO {base}"),
            format!("GRANT PROXY ON `{}`@`%` TO {base} WITH GRANT OPTION", evil.user),
            format!("REVOKE GRANT OPTION ON *.* FROM {base}"),
        ] {
            server.execute(&statement).await;
        }
        let log = server.log();
        application.rotate_ok().await;
        let said = about_the_clone(&log, &user);
        assert!(!said.contains("WITH GRANT OPTION"), "on {version}: {said}");
        let held = format!("SELECT Proxied_user FROM mysql.proxies_priv WHERE User = '{user}_clone'");
        assert_eq!(server.values(&held).await, [format!("o{user}")], "on {version}");
        // The superuser could grant this to the base, or revoke it, but nobody asked for either.
        run_as_attacker(
            server,
            &evil,
            &format!("GRANT PROXY ON {{e}} TO `{user}_clone`@`%` WITH GRANT OPTION"),
        )
        .await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        if !version.is_mariadb() {
            // Restricted as it is, it may not revoke it either.
            assert_eq!(server.values(&held).await, [format!("e{user}"), format!("o{user}")], "on {version}");
            server.execute(&format!("GRANT ALL ON *.* TO `{}`@`%`", superuser.user)).await;
            application.rotate_ok().await;
            application.rotate_ok().await;
        }
        assert_eq!(server.values(&held).await, [format!("o{user}")], "on {version}");
    }
}

/// Nobody without `SYSTEM_USER` grants or revokes PROXY on an account that has it, whatever else it holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_on_a_system_account_stops_no_alternation() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        for partial_revokes in ["ON", "OFF"] {
            let settings = [("partial-revokes", partial_revokes)];
            let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
            let server = MySql::start(version, options).await;
            let application = Application::start(&server, Setup::mysql_alternating_users()).await;
            let user = application.app.user().to_owned();
            let superuser = server.create_superuser("superuser").await;
            application.store_superuser(&server.secret(&superuser, "mysql")).await;
            for statement in [
                "GRANT PROXY ON ''@'' TO superuser WITH GRANT OPTION",
                "CREATE USER of_base, of_clone, plain",
                "GRANT SYSTEM_USER ON *.* TO of_base, of_clone",
                &format!("GRANT PROXY ON of_base TO `{user}`"),
                &format!("GRANT PROXY ON plain TO `{user}`"),
            ] {
                server.execute(statement).await;
            }
            application.rotate_ok().await;
            let held = format!("SELECT Proxied_user FROM mysql.proxies_priv WHERE User = '{user}_clone'");
            assert_eq!(server.values(&held).await, ["plain"]);
            server.execute(&format!("GRANT PROXY ON of_clone TO `{user}_clone`")).await;
            for _turn in 0..3 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await);
            }
            let output = application.output();
            let left_out = output.lines().filter(|line| line.contains("without SYSTEM_USER"));
            let left_out = left_out.collect::<Vec<_>>().join("\n");
            assert!(left_out.contains("GRANT PROXY ON `of_base`"), "{output}");
            // A restricted superuser takes no proxy from anybody.
            assert_eq!(left_out.contains("REVOKE PROXY ON `of_clone`"), partial_revokes == "OFF", "{output}");
        }
    }
}

/// A server that maps users gives every session of the application to another user. The refusal says so, and its statements
/// fix it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_the_server_maps_to_another_is_itself_again_after_the_printed_statements() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let settings = [("check-proxy-users", "ON"), ("caching-sha2-password-proxy-users", "ON")];
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for setup in server.setups() {
            // Which the other user may not open.
            let setup = Setup { fields: json!({"dbname": null}), ..setup };
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let (user, evil) = (application.app.user(), create_attacker(&server, &application).await);
            run_as_attacker(&server, &evil, &format!("GRANT PROXY ON {{e}} TO `{user}`@`%`")).await;
            let refusal = application.rotate_expect_err().await;
            assert!(refusal.contains("by PROXY"), "{refusal}");
            for statement in remedy(&refusal, &format!("`{}`@`%`", evil.user)) {
                run_as_attacker(&server, &evil, &statement).await;
            }
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}
