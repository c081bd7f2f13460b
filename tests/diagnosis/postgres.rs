//! On PostgreSQL.

use serde_json::json;
use testbed::postgres::name;
use testbed::{App, Application, Postgres, PostgresOptions, Server, Setup, postgres_versions, remedy};

use super::{
    a_client_is_named_on, diagnosing, finds_nothing, next, nothing_is_found_on, report, rotated, statements,
};
use crate::support::postgres::{as_user, clone_name, newest, rotate_to_clone};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_where_nothing_is_wrong() {
    for version in postgres_versions() {
        nothing_is_found_on(Postgres::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_has_expired_is_found() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = rotated(server, setup).await;
            let user = application.credentials("AWSCURRENT").await.expect("a version").user;
            server.execute("postgres", &format!("ALTER ROLE {user} VALID UNTIL '2020-01-01'")).await;
            let run = statements(&application, "sign-in", &["VALID UNTIL"]).await;
            server.execute("postgres", &run.join("; ")).await;
            application.rotate_ok().await;
            finds_nothing(&application, "cured").await;
        }
    }
}

/// What psql's \password does.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_somebody_else_has_set_is_found() {
    let server = newest().await;
    for setup in server.setups() {
        let application = rotated(server, setup).await;
        let mut current = application.credentials("AWSCURRENT").await.expect("a version");
        let stored = std::mem::replace(&mut current.password, "set-By-hand-1".into());
        server.set_password(&current).await;
        next(&application, "sign-in", &["28P01", "run \\password"]).await;
        current.password = stored;
        server.set_password(&current).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_may_not_sign_in_are_found() {
    for (breaks, repairs, said) in [
        ("ALTER ROLE {u} NOLOGIN", "ALTER ROLE {u} LOGIN", "LOGIN"),
        ("ALTER ROLE {u} CONNECTION LIMIT 0", "ALTER ROLE {u} CONNECTION LIMIT -1", "limit"),
        (
            "REVOKE CONNECT ON DATABASE {d} FROM PUBLIC, {u}",
            "GRANT CONNECT ON DATABASE {d} TO {u}",
            "has no CONNECT",
        ),
    ] {
        let server = newest().await;
        let application = rotated(server, Setup::single_user()).await;
        let (user, database) = (name(application.app.user()), name(&application.app.database));
        let filled = |statement: &str| statement.replace("{u}", &user).replace("{d}", &database);
        server.execute("postgres", &filled(breaks)).await;
        next(&application, "sign-in", &[said]).await;
        server.execute("postgres", &filled(repairs)).await;
        application.rotate_ok().await;
        finds_nothing(&application, breaks).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_accepts_no_connections_is_found() {
    let server = newest().await;
    for setup in server.setups() {
        let application = rotated(server, setup).await;
        let database = name(&application.app.database);
        server.execute("postgres", &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false")).await;
        let next = next(&application, "sign-in", &["ALLOW_CONNECTIONS"]).await;
        as_user(server, &server.root(), &remedy(&next, "the owner of that database").join("; ")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_may_not_grant_the_base_is_found() {
    for version in postgres_versions().into_iter().filter(|version| *version >= 16) {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let app = App::created_by_root(&server, "app").await;
        let application = Application::with(&server, app, diagnosing(Setup::alternating_users())).await;
        server.admin().await;
        // This attaches the function, and is refused.
        application.rotate_expect_err().await;
        let next = next(&application, "next password", &["has no admin option on"]).await;
        server.execute("postgres", &remedy(&next, "a role with that option").join("; ")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_has_expired_and_one_that_may_not_create_roles_are_found() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = rotated(&server, Setup::alternating_users()).await;
        let superuser = server.admin().await.user.clone();
        server.execute("postgres", &format!("ALTER ROLE {superuser} VALID UNTIL '2020-01-01'")).await;
        next(&application, "next password", &["superuser", "VALID UNTIL"]).await;
        server.execute("postgres", &format!("ALTER ROLE {superuser} VALID UNTIL 'infinity'")).await;
        application.rotate_ok().await;

        server.execute("postgres", &format!("ALTER ROLE {superuser} NOCREATEROLE")).await;
        let run = statements(&application, "next password", &["has no CREATEROLE"]).await;
        server.execute("postgres", &run.join("; ")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_that_differ_are_found_before_a_rotation_is_refused_for_it() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = rotated(server, Setup::alternating_users().without_superuser()).await;
        application.rotate_ok().await;
        let (base, clone) = (application.app.user().to_owned(), clone_name(&application));
        for drift in [
            format!("ALTER ROLE {base} CONNECTION LIMIT 7"),
            format!("ALTER ROLE {base} SET work_mem = '5MB'"),
            format!("ALTER ROLE {clone} CREATEDB"),
        ] {
            server.execute("postgres", &drift).await;
            for statement in statements(&application, "next password", &[]).await {
                server.execute("postgres", &statement).await;
            }
            application.rotate_ok().await;
            application.rotate_ok().await;
            finds_nothing(&application, &drift).await;
        }
    }
}

/// A superuser makes them equal: a warning, and the next rotation.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rotation_repairs_is_a_warning() {
    let server = newest().await;
    let application = rotated(server, Setup::alternating_users()).await;
    let clone = clone_name(&application);
    server.execute("postgres", &format!("ALTER ROLE {clone} CONNECTION LIMIT 3")).await;
    let report = report(&application).await;
    assert_eq!((&report["Status"], &report["Worst"]), (&json!("warn"), &json!("clone")), "{report:#}");
    application.rotate_ok().await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_somebody_else_has_made_is_found() {
    let server = newest().await;
    let application = Application::start(server, diagnosing(Setup::alternating_users())).await;
    server.execute("postgres", &format!("CREATE ROLE {} LOGIN", clone_name(&application))).await;
    application.rotate_expect_err().await;
    let next = next(&application, "next password", &["clone"]).await;
    assert!(next.contains("previous.json"), "{next}");
}

/// A member of these roles has no password on RDS.
#[tokio::test(flavor = "multi_thread")]
async fn members_of_rds_iam_are_found() {
    let pg_hba = ["hostssl all +rds_iam 127.0.0.1/32 ident"];
    let options = PostgresOptions { pg_hba: &pg_hba, ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    server.execute("postgres", "CREATE ROLE rds_iam").await;
    let single = rotated(&server, Setup::single_user()).await;
    server.execute("postgres", &format!("GRANT rds_iam TO {}", single.app.user())).await;
    next(&single, "sign-in", &["no membership in rds_iam"]).await;
    server.execute("postgres", &format!("REVOKE rds_iam FROM {}", single.app.user())).await;
    single.rotate_ok().await;

    let alternating = rotated(&server, Setup::alternating_users()).await;
    alternating.rotate_ok().await;
    server.execute("postgres", &format!("GRANT rds_iam TO {}", clone_name(&alternating))).await;
    let run = statements(&alternating, "next password", &["rds_iam"]).await;
    server.execute("postgres", &run.join("; ")).await;
    alternating.rotate_ok().await;
    finds_nothing(&alternating, "cured").await;
}

/// The setting of RDS, which any server takes as one that it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn restricted_password_commands_are_found() {
    let settings = [("rds.restrict_password_commands", "on")];
    let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    let application = rotated(&server, Setup::single_user()).await;
    next(&application, "next password", &["rds_password", "masterarn"]).await;
    server.execute("postgres", "CREATE ROLE rds_password").await;
    server.execute("postgres", &format!("GRANT rds_password TO {}", application.app.user())).await;
    finds_nothing(&application, "cured").await;
}

/// A diagnosis reads: the server logs every statement of these tests.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_at_the_server_nor_in_the_secret() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setup in server.setups() {
            let application = Application::start(&server, diagnosing(setup)).await;
            application.rotate_ok().await;
            let before = (state(&server).await, application.labels().await);
            let calls = application.local.calls().len();
            super::report(&application).await;
            assert_eq!((state(&server).await, application.labels().await), before);
            let called: Vec<_> = application.local.calls().split_off(calls);
            for call in called {
                let operation = format!("{call:?}");
                assert!(
                    ["DescribeSecret", "GetSecretValue", "ListSecretVersionIds"]
                        .iter()
                        .any(|read| operation.contains(read)),
                    "{operation}"
                );
            }
        }
    }
}

/// Everything about roles.
async fn state(server: &Postgres) -> Vec<String> {
    let mut state = Vec::new();
    for query in [
        "SELECT row_to_json(a)::text FROM pg_authid a ORDER BY oid",
        "SELECT row_to_json(m)::text FROM pg_auth_members m ORDER BY 1",
        "SELECT row_to_json(s)::text FROM pg_db_role_setting s ORDER BY 1",
        "SELECT row_to_json(d)::text FROM pg_shdescription d ORDER BY 1",
    ] {
        state.extend(server.values("postgres", query).await);
    }
    state
}

/// So that the next turn is the base's.
#[tokio::test(flavor = "multi_thread")]
async fn the_turn_of_the_base_is_checked_as_well() {
    let server = newest().await;
    let application = Application::start(server, diagnosing(Setup::alternating_users())).await;
    rotate_to_clone(&application).await;
    finds_nothing(&application, "at the base's turn").await;
    server
        .execute("postgres", &format!("ALTER ROLE {} VALID UNTIL '2020-01-01'", application.app.user()))
        .await;
    let run = statements(&application, "next password", &["is in the past"]).await;
    as_user(server, server.admin().await, &run.join("; ")).await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_not_gone_over_to_awscurrent_is_named() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        a_client_is_named_on(server, Setup::alternating_users(), async |user, database| {
            server.sign_in(user, database).await.expect("a session")
        })
        .await;
    }
}

/// A rotation has one session of a user at a time, and so has a diagnosis.
#[tokio::test(flavor = "multi_thread")]
async fn users_that_may_have_one_connection_are_not_found() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = rotated(server, setup.clone()).await;
            application.rotate_ok().await;
            let mut users = vec![application.app.user().to_owned()];
            if setup.function == "postgres-alternating-users" {
                users.push(clone_name(&application));
            }
            for user in users {
                server.execute("postgres", &format!("ALTER ROLE {user} CONNECTION LIMIT 1")).await;
            }
            finds_nothing(&application, &setup.name()).await;
            application.rotate_ok().await;
        }
    }
}
