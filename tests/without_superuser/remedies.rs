//! What a refusal prints is run as it stands, in one session and once. It settles the matter, and nobody else gains anything.

use testbed::{
    Application, MySql, MySqlOptions, Postgres, PostgresOptions, Server, Setup, mysql_versions,
    postgres_versions, remedies, remedy,
};

use super::refused;
use crate::support::postgres::as_user;

/// Both turns after a refusal whose statements were run.
async fn is_settled<S: Server>(application: &Application<'_, S>, change: &str, refusal: &str) {
    for _turn in 0..2 {
        let rotation = application.rotate().await;
        assert!(rotation.succeeded, "{change}: {refusal}\nand after that: {rotation:#?}");
        assert!(application.signs_in("AWSCURRENT").await, "{change}");
    }
}

async fn on_postgres(application: &Application<'_>, change: &str) {
    let server = application.server;
    server.execute("postgres", change).await;
    let refusal = refused(application, change).await;
    as_user(server, &server.root(), &remedy(&refusal, "an administrator").join("; ")).await;
    is_settled(application, change, &refusal).await;
}

/// `FROM CURRENT` stores a list as somebody wrote it. Quoted as names it would be another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_names_is_given_to_the_clone_exactly_as_it_is_stored() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users().without_superuser()).await;
        let base = application.app.user();
        for list in ["a,b", "A, b", "user, public", "", "\"x\",\"Y; it''s\"", "\"$user\", public"] {
            let set = format!("SELECT set_config('search_path', '{list}', false)");
            on_postgres(&application, &format!("{set}; ALTER ROLE {base} SET search_path FROM CURRENT"))
                .await;
        }
    }
}

/// The membership that the clone lacks would be theirs as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_others_can_act_as_is_given_nothing_before_they_cannot() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users().without_superuser()).await;
        let (base, clone) = (application.app.user(), format!("{}_clone", application.app.user()));
        server.execute("postgres", &format!("CREATE ROLE mallory LOGIN; GRANT {clone} TO mallory")).await;
        as_user(&server, server.admin().await, &format!("REVOKE {base} FROM {clone}")).await;
        let refusal = refused(&application, "mallory").await;
        assert!(refusal.contains("others can act as") && !refusal.contains("GRANT \""), "{refusal}");
        for _refusal in 0..2 {
            let refusal = refused(&application, "mallory").await;
            as_user(&server, &server.root(), &remedy(&refusal, "an administrator").join("; ")).await;
        }
        is_settled(&application, "mallory", &refusal).await;
        let is_member = format!("SELECT pg_has_role('mallory', '{base}', 'MEMBER')::text");
        assert_eq!(server.values("postgres", &is_member).await, ["false"]);
    }
}

async fn on_mysql(application: &Application<'_, MySql>, changes: &[String]) {
    for change in changes {
        application.server.execute(change).await;
    }
    let change = changes.join("; ");
    let refusal = refused(application, &change).await;
    let mut root = application.server.root_session().await;
    for statement in remedy(&refusal, "an administrator") {
        let ran = testbed::mysql::run(&mut root, &statement).await;
        ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    is_settled(application, &change, &refusal).await;
}

/// What one statement does to what the next ones are about is seen beforehand.
#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_is_enough_whatever_its_statements_take_along() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application =
            Application::start(&server, Setup::mysql_alternating_users().without_superuser()).await;
        let user = application.app.user();
        let (base, clone) = (format!("`{user}`@`%`"), format!("`{user}_clone`@`%`"));
        for statement in
            ["CREATE DATABASE d", "CREATE TABLE d.t (a INT, b INT)", "CREATE ROLE r", "CREATE ROLE s"]
        {
            server.execute(statement).await;
        }
        let default_role = |account: &str, role: &str| match version.is_mariadb() {
            true => format!("SET DEFAULT ROLE {role} FOR {account}"),
            false => format!("ALTER USER {account} DEFAULT ROLE {role}"),
        };
        for changes in [
            // Revoking a privilege on a table revokes it on the columns.
            vec![
                format!("GRANT SELECT (a), INSERT (b) ON d.t TO {base}"),
                format!("GRANT SELECT, INSERT, SELECT (a), INSERT (b) ON d.t TO {clone}"),
            ],
            // A role loses its ADMIN OPTION by being revoked, and then is no default role.
            vec![
                format!("GRANT r TO {base}"),
                default_role(&base, "r"),
                format!("GRANT r TO {clone} WITH ADMIN OPTION"),
                default_role(&clone, "r"),
            ],
            vec![
                format!("GRANT s TO {base} WITH ADMIN OPTION"),
                format!("GRANT s TO {clone}"),
                default_role(&clone, "s"),
            ],
            vec![format!("GRANT DELETE ON d.t TO {clone} WITH GRANT OPTION")],
            vec![format!("GRANT SELECT, CREATE USER ON *.* TO {base}")],
        ] {
            on_mysql(&application, &changes).await;
        }
        if version.is_mariadb() {
            continue;
        }
        server.execute("SET GLOBAL partial_revokes = ON").await;
        for changes in [
            vec![format!("REVOKE SELECT ON d.* FROM {base}")],
            vec![format!("GRANT SELECT ON d.* TO {base}")],
            vec![format!("GRANT UPDATE ON *.* TO {base}"), format!("REVOKE UPDATE ON d.* FROM {base}")],
            vec![format!(r#"ALTER USER {base} ATTRIBUTE '{{"a": {{"b": "it''s"}}}}'"#)],
        ] {
            on_mysql(&application, &changes).await;
        }
    }
}

/// At the base's turn: giving the base what it lacks, or taking it from the clone.
#[tokio::test(flavor = "multi_thread")]
async fn either_of_two_remedies_is_enough_at_the_turn_of_the_base() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application =
            Application::start(&server, Setup::mysql_alternating_users().without_superuser()).await;
        let user = application.app.user();
        let clone = format!("`{user}_clone`@`%`");
        for statement in ["CREATE DATABASE d", "CREATE TABLE d.t (a INT, b INT)", "CREATE ROLE r"] {
            server.execute(statement).await;
        }
        for which in 0..2 {
            application.rotate_ok().await;
            for change in [
                format!("GRANT SELECT (a), INSERT (b) ON d.t TO `{user}`@`%`, {clone}"),
                format!("GRANT SELECT, INSERT ON d.t TO {clone}"),
                format!("GRANT r TO {clone} WITH ADMIN OPTION"),
                format!("GRANT EVENT ON d.* TO {clone} WITH GRANT OPTION"),
            ] {
                server.execute(&change).await;
            }
            let refusal = refused(&application, "the clone has more").await;
            let mut root = server.root_session().await;
            let [give, take] = &remedies(&refusal)[..] else { panic!("two remedies: {refusal}") };
            for statement in &[take, give][which].statements {
                let ran = testbed::mysql::run(&mut root, statement).await;
                ran.unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
            application.rotate_ok().await;
            let refusal = format!("remedy {which} of {refusal}");
            is_settled(&application, "the clone has more", &refusal).await;
        }
    }
}

/// Any user can give them, so they stop no rotation, and nobody makes them equal.
#[tokio::test(flavor = "multi_thread")]
async fn what_any_user_can_grant_is_said_and_stops_no_rotation() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application =
            Application::start(&server, Setup::mysql_alternating_users().without_superuser()).await;
        let user = application.app.user();
        server.execute(&format!("GRANT PROXY ON nobody TO `{user}`@`%` WITH GRANT OPTION")).await;
        application.rotate_ok().await;
        let said = format!("`{user}_clone`@`%` does not have what `{user}`@`%` has: ");
        let output = application.output();
        assert!(output.contains(&said) && output.contains("PROXY ON `nobody`"), "{output}");
        server.execute(&format!("GRANT PROXY ON other TO `{user}_clone`@`%`")).await;
        application.rotate_ok().await;
        let said = format!("`{user}`@`%` does not have what `{user}_clone`@`%` has: PROXY ON `other`");
        let output = application.output();
        assert!(output.contains(&said), "{output}");
    }
}

/// As after a restore. ALTER USER would fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_is_missing_is_created_by_what_the_refusal_says() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application =
            Application::start(server, Setup::mysql_alternating_users().without_superuser()).await;
        let clone = application.credentials("AWSPREVIOUS").await.expect("the clone's");
        server.execute(&format!("DROP USER `{}`@`%`", clone.user)).await;
        let refusal = refused(&application, "DROP USER").await;
        let (_, create) = refusal.split_once("with that password (").expect("a statement");
        let (create, _) = create.split_once("...").expect("an end");
        let create = create.replace("HOST", "%");
        server.execute(&format!("{create} {}", testbed::mysql::text(&clone.password))).await;
        on_mysql(&application, &[]).await;
    }
}
