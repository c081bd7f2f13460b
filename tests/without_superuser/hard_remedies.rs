//! Refusals whose remedy is hard to print or to run: very many statements, texts that do not print, an account's own rules.

use rotation::Strategy;
use testbed::crash::Crash;
use testbed::{
    Application, InProcess, MySql, MySqlOptions, Postgres, PostgresOptions, STEPS, Server, Setup, mysql,
    mysql_versions, postgres_versions, remedy,
};

fn on_mysql() -> Setup<'static> {
    Setup::mysql_alternating_users().without_superuser()
}

/// What the function itself says of a rotation, which is given up if it fails; local-aws would cut it.
async fn refusal<S: Server>(application: &Application<'_, S>) -> Option<String> {
    let version = application.begin().await;
    let (_, error) = application.repeat(&version).await.err()?;
    application.abandon(&version).await;
    Some(error.error_message)
}

/// A message is cut after 32 KB. What it shows can be run, and brings the pair nearer.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_lacks_very_much_is_given_it_in_parts() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, on_mysql()).await;
        let (user, database) = (application.app.user(), &application.app.database);
        for table in 0..300 {
            let name = format!("{database}.customer_orders_history_{table:03}");
            let grant =
                format!("GRANT TRIGGER, SHOW VIEW, CREATE VIEW, GRANT OPTION ON {name} TO `{user}`@`%`");
            server.execute(&format!("CREATE TABLE {name} (a INT); {grant}")).await;
        }
        let mut refusals = Vec::new();
        while let Some(refusal) = refusal(&application).await {
            assert!(refusal.len() < 32_000, "{version}: {} bytes", refusal.len());
            refusals.push(refusal);
            let refusal = refusals.last().expect("one");
            for statement in remedy(refusal, "an administrator") {
                server.execute(&statement).await;
            }
            assert!(refusals.len() < 5, "{version}: {}", refusals.join("\n"));
        }
        assert!(
            refusals[0].contains("more; as an administrator run: ")
                || refusals[0].contains("which names the other"),
            "{version}: {}",
            refusals[0]
        );
        assert!(application.signs_in("AWSCURRENT").await, "{version}");
    }
}

/// An error shows a line break as a space, and what does not print by its number.
#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_does_not_print_is_given_to_the_clone_as_it_is() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users().without_superuser()).await;
        let base = application.app.user();
        let value = r"E'it''s\n\ta\U0000200D\\'";
        server.execute("postgres", &format!("ALTER ROLE {base} SET app.motd = {value}")).await;
        let said = refusal(&application).await.expect("the clone lacks it");
        for statement in remedy(&said, "an administrator") {
            server.execute("postgres", &statement).await;
        }
        let again = refusal(&application).await;
        assert!(again.is_none(), "{version}: {said}\nand then: {again:?}");
    }
}

/// AWSCURRENT was left behind, here by a rotation under single user that was given up, and its user may not take an old password
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_history_does_not_stand_in_the_way_of_awscurrent() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, on_mysql()).await;
        let user = application.app.user().to_owned();
        for account in [format!("`{user}`@`%`"), format!("`{user}_clone`@`%`")] {
            server.execute(&format!("ALTER USER {account} PASSWORD HISTORY 5")).await;
        }
        application.rotate_ok().await;
        application.rotate_ok().await;
        let single = InProcess::of(&application, Strategy::SingleUser).await;
        let pending = application.begin().await;
        for step in &STEPS[..2] {
            single.step(&application, step, &pending, &Crash::never()).await.expect("it succeeds");
        }
        application.abandon(&pending).await;
        let said = refusal(&application).await.expect("AWSCURRENT is rejected");
        let current = application.credentials("AWSCURRENT").await.expect("a version");
        let set = format!("ALTER USER '{user}'@'%' IDENTIFIED BY {}", mysql::text(&current.password));
        let mut root = server.root_session().await;
        let error = mysql::run(&mut root, &set).await.expect_err("the history refuses it");
        assert_eq!(mysql::number(&error), Some(3638), "{error}");
        let (_, rest) = said.split_once("refuses that with 3638, run ").expect(&said);
        let (first, _) = rest.split_once(" first").expect(&said);
        for statement in [
            first.replace("'HOST'", "'%'"),
            set,
            format!("ALTER USER '{user}'@'%' PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL DEFAULT"),
        ] {
            mysql::run(&mut root, &statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}: {said}"));
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "{said}");
    }
}

/// Two rotations were given up, the first after setSecret. The account locks before the right version is found, and the error says how
/// many rejected sign-ins to allow.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_locks_too_early_is_repaired_by_what_the_error_says() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, on_mysql()).await;
        let user = application.app.user();
        let accounts = [format!("`{user}`@`%`"), format!("`{user}_clone`@`%`")];
        let allow = async |most: &str| {
            for account in &accounts {
                let rules = format!("FAILED_LOGIN_ATTEMPTS {most} PASSWORD_LOCK_TIME UNBOUNDED");
                server.execute(&format!("ALTER USER {account} {rules}")).await;
            }
        };
        allow("3").await;
        for steps in [2, 1] {
            let pending = application.begin().await;
            for step in &STEPS[..steps] {
                application.step(step, &pending).await.expect("it succeeds");
            }
            application.abandon(&pending).await;
        }
        let pending = application.begin().await;
        let (_, error) = application.repeat(&pending).await.expect_err("it is locked");
        let said = error.error_message;
        let (_, most) = said.split_once("allow at least ").expect(&said);
        allow(most.split(' ').next().expect("a number")).await;
        server.execute(&format!("ALTER USER {} ACCOUNT UNLOCK", accounts[1])).await;
        let again = application.repeat(&pending).await.err();
        assert!(again.is_none(), "{version}: {said}\nand after that: {again:?}");
    }
}
