//! Superusers of PostgreSQL without SUPERUSER, as RDS's master user, and the role as which they act.

use rotation::Strategy;
use testbed::crash::Crash;
use testbed::postgres::name;
use testbed::{
    App, Application, InProcess, Postgres, PostgresOptions, Setup, postgres_versions, remedies, remedy,
};

use crate::support::postgres::{as_user, clone_name, rotate_to_clone};

/// The admin option by way of a role whose rights the superuser does not inherit: enough to set a password, and not to
/// grant a role.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_option_that_is_not_inherited_sets_passwords_and_grants_nothing() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let app = App::created_by_root(&server, "app").await;
        let single = Application::with(&server, app.clone(), Setup::single_user()).await;
        let alternating = Application::with(&server, app, Setup::alternating_users()).await;
        server.admin().await;
        for statement in [
            "CREATE ROLE dba".to_owned(),
            "GRANT dba TO master WITH INHERIT FALSE".to_owned(),
            format!("GRANT {} TO dba WITH ADMIN OPTION", single.app.user()),
        ] {
            server.execute("postgres", &statement).await;
        }
        let refusal = alternating.rotate_expect_err().await;
        let grant = remedy(&refusal, "a role with that option").join("; ");

        let mut current = single.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = single.superuser_arn.clone().into();
        single.store_current(&current).await;
        let function = InProcess::of(&single, Strategy::SingleUser).await;
        let pending = single.begin().await;
        assert!(function.run(&single, &pending, &Crash::restricting_password_commands()).await);
        let now = single.stored("AWSCURRENT").await.expect("a version");

        server.execute("postgres", &grant).await;
        alternating.abandon(&alternating.unfinished_version().expect("the one that was refused")).await;
        let mut current = alternating.stored("AWSCURRENT").await.expect("a first version");
        current["password"] = now["password"].clone();
        alternating.store_current(&current).await;
        for _turn in 0..2 {
            alternating.rotate_ok().await;
            assert!(alternating.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// Published of RDS: its members grant roles without the admin option. What this server reports is repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_rds_superuser_is_tried_and_the_servers_result_decides() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let app = App::created_by_root(&server, "app").await;
        let application = Application::with(&server, app, Setup::alternating_users()).await;
        server.admin().await;
        server.execute("postgres", "CREATE ROLE rds_superuser; GRANT rds_superuser TO master").await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("42501"), "{refusal}");
        let clones = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", clone_name(&application));
        assert_eq!(server.values("postgres", &clones).await, ["0"], "something was created");
        let grant = remedy(&refusal, "a role with that option").join("; ");
        server.execute("postgres", &grant).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_is_one_of_the_two_users_is_refused() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let admin = server.admin().await.clone();
        let app = App { credentials: admin, database: "postgres".to_owned() };
        let application = Application::with(&server, app, Setup::alternating_users()).await;
        let refusal = application.rotate_expect_err().await;
        assert!(
            refusal.contains("master is both the superuser and one of the two alternating users"),
            "{refusal}"
        );
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

/// From 16 on the superuser's own grant, from when it made the role, has neither option.
fn member_of(server: &Postgres, user: &str) -> String {
    let options = if server.version() >= 16 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    format!("GRANT {user} TO master{options}")
}

/// A setting of the database or of everybody is none of the superuser's; one of its own is, unless it makes it the application.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_everybody_is_given_does_not_reach_the_superuser() {
    for version in postgres_versions() {
        for place in ["ALTER DATABASE {database} SET role", "ALTER ROLE ALL SET role"] {
            let server = Postgres::start(version, PostgresOptions::default()).await;
            let application = Application::start(&server, Setup::alternating_users()).await;
            let superuser = server.secret(server.admin().await, &application.app.database);
            application.store_superuser(&superuser).await;
            let user = name(application.app.user());
            server.execute("postgres", &member_of(&server, &user)).await;
            let set = place.replace("{database}", &name(&application.app.database));
            server.execute("postgres", &format!("{set} = {user}")).await;
            for _turn in 0..3 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "{place} on {version}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_whose_own_setting_makes_it_the_application_is_refused_with_the_reset() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let (admin, user) = (server.admin().await, application.app.user());
        let acts = format!("{}; ALTER ROLE master SET role = '{user}'", member_of(&server, user));
        server.execute("postgres", &acts).await;
        let refusal = application.rotate_expect_err().await;
        assert!(
            refusal.contains(&format!("the superuser master, which acts as {user} by a setting")),
            "{refusal}"
        );
        let reset = remedy(&refusal, "the superuser").join("; ");
        as_user(&server, admin, &reset).await;
        application.rotate_ok().await;
    }
}

/// A role that ALL is given is the base's as well, where it may take it, and so the clone's.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_everybody_is_given_is_the_clones_as_it_is_the_bases() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let user = application.app.user();
        for statement in [
            "CREATE ROLE team".to_owned(),
            format!("GRANT team TO {user}"),
            "ALTER ROLE ALL SET role = 'team'".to_owned(),
        ] {
            server.execute("postgres", &statement).await;
        }
        for _turn in 0..2 {
            application.rotate_ok().await;
            let current = application.credentials("AWSCURRENT").await.expect("a version");
            let acts_as =
                crate::support::postgres::run_as(&application, &current, "SELECT current_user").await;
            assert_eq!(acts_as.expect("a result"), ["team"], "{} on {version}", current.user);
        }
    }
}

/// The base is a member by name only, the clone whole: the application would lose the role's rights. Either remedy.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_base_has_by_name_only_is_not_lost_in_its_turn() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::shared(version).await;
        for (options, number) in
            [("INHERIT FALSE, SET FALSE", 0), ("INHERIT FALSE, SET TRUE", 0), ("INHERIT FALSE, SET FALSE", 1)]
        {
            let application = Application::start(server, Setup::alternating_users()).await;
            let (user, clone) = (application.app.user(), clone_name(&application));
            rotate_to_clone(&application).await;
            for statement in [
                format!("CREATE ROLE role_of_{user}"),
                format!("GRANT role_of_{user} TO {user} WITH {options}"),
                format!("GRANT role_of_{user} TO {clone}"),
            ] {
                server.execute("postgres", &statement).await;
            }
            let refusal = application.rotate_expect_err().await;
            let run = remedies(&refusal)[number].statements.join("; ");
            assert!(!run.contains("FALSE"), "what the base has is not taken from it: {run}");
            server.execute("postgres", &run).await;
            application.rotate_ok().await;
            let has =
                |privilege: &str| format!("SELECT pg_has_role('{user}', 'role_of_{user}', '{privilege}')");
            let expected = if number == 0 { "t" } else { "f" };
            assert_eq!(server.values("postgres", &has("USAGE")).await, [expected], "on {version}");
        }
    }
}

/// Which are the clone's, as which nobody acts: said once, when the clone is made, with what changes it.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_ends_its_own_sessions_in_the_clones_turn_by_the_grant_that_a_warning_names() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let current = rotate_to_clone(&application).await;
        let output = application.output();
        let (_, grant) = output.split_once("if the application does that, run: ").expect("a warning");
        // A line of JSON.
        let grant = grant.split_once("\",").expect("an end").0.replace('\\', "");
        let other = server.sign_in(&current, &application.app.database).await.expect("a session");
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid()";
        let ended =
            crate::support::postgres::run_as(&application, &current, end).await.expect_err("not the clone's");
        assert!(
            ended.to_string().contains("permission denied") || ended.to_string().contains("must be"),
            "{ended}"
        );
        server.execute("postgres", &grant).await;
        let ended =
            crate::support::postgres::run_as(&application, &current, end).await.expect("by that role");
        assert_eq!(ended, ["t"], "on {version}");
        drop(other);
        application.rotate_ok().await;
        application.rotate_ok().await;
        assert_eq!(application.output().matches("if the application does that, run: ").count(), 1, "once");
    }
}

/// The superuser grants as another role than the one that signs in, from now on.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_acts_as_another_role_rotates_by_what_the_secret_holds() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        let (user, clone) = (application.app.user(), clone_name(&application));
        let mut acts =
            "CREATE ROLE dba CREATEROLE CREATEDB; GRANT dba TO master; ALTER ROLE master SET role = 'dba'"
                .to_owned();
        if version >= 16 {
            acts.push_str(&format!("; GRANT {user}, {clone} TO dba WITH ADMIN OPTION"));
        }
        server.execute("postgres", &acts).await;
        for _turn in 0..3 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}
