//! On PostgreSQL.

use serde_json::json;
use testbed::{
    Application, ChangedBy, Credentials, Postgres, PostgresOptions, Setup, postgres_versions, remedy,
};

use super::{
    an_idle_user_that_does_not_sign_in_is_refused, an_unusable_previous_version_is_refused,
    masterarn_comes_and_goes, no_superuser_comes, refused, the_application_always_signs_in,
    users_that_may_not_change_their_passwords_are_refused,
};
use crate::support::postgres::as_user;
use crate::support::store_as_previous;

fn setup() -> Setup<'static> {
    Setup::alternating_users().without_superuser()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_no_superuser() {
    for version in postgres_versions() {
        no_superuser_comes(&Postgres::start(version, PostgresOptions::default()).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_signs_in_at_every_instant_of_twenty_rotations_with_crashes() {
    for version in postgres_versions() {
        the_application_always_signs_in(Postgres::shared(version).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_comes_and_goes_at_any_turn() {
    for version in postgres_versions() {
        masterarn_comes_and_goes(Postgres::shared(version).await, setup()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_previous_version_that_is_not_the_idle_users_is_refused_with_what_to_run() {
    let setup = Setup { changed_by: ChangedBy::Superuser, ..setup() };
    an_unusable_previous_version_is_refused(Postgres::shared(postgres_versions()[0]).await, setup).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_user_that_no_version_signs_in_as_is_refused_with_what_to_run() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let set = async |user: &Credentials| server.set_password(user).await;
    an_idle_user_that_does_not_sign_in_is_refused(server, setup(), set).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_not_change_its_own_password_is_refused_with_what_to_run() {
    users_that_may_not_change_their_passwords_are_refused(
        Postgres::shared(postgres_versions()[0]).await,
        setup(),
    )
    .await;
}

/// The statements of the refusal create a clone that the next rotation takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_made_by_what_the_refusal_says() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let fields = json!({"masterarn": null});
        let application = Application::start(server, Setup { fields, ..Setup::alternating_users() }).await;
        let refusal = application.rotate_expect_err().await;
        let (_, statements) = refusal.split_once("as an administrator run ").expect("statements");
        let (statements, _) = statements.split_once(", and in psql \\password").expect("an end");
        as_user(server, server.admin().await, statements).await;
        let clone = Credentials::new(&format!("{}_clone", application.app.user()));
        server.set_password(&clone).await;
        store_as_previous(&application, &refusal, &clone).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
    }
}

/// At the clone's turn it is refused before a password changes, and the statements settle it; at the base's turn only what the
/// application would lose is.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_drifts_is_refused_with_the_statements_that_settle_it() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, setup()).await;
        let base = application.app.user().to_owned();
        let clone = format!("{base}_clone");
        for (number, drift) in [
            format!("REVOKE {base} FROM {clone}"),
            format!("ALTER ROLE {base} CONNECTION LIMIT 7"),
            format!("ALTER ROLE {base} VALID UNTIL '2099-01-01'"),
            format!("ALTER ROLE {base} SET search_path = \"$user\", public, \"it's\""),
            format!("ALTER ROLE {base} SET work_mem = '5MB'"),
            format!("ALTER ROLE {clone} RESET role"),
            format!("ALTER ROLE {clone} SET jit = off"),
            format!("ALTER ROLE {clone} CREATEDB"),
            format!("ALTER ROLE {base} REPLICATION"),
        ]
        .into_iter()
        // Up to 15 it is refused: only a superuser sets the password of such a user.
        .filter(|drift| version >= 16 || !drift.ends_with(" REPLICATION"))
        .enumerate()
        {
            // The base is current.
            if drift.starts_with("REVOKE") {
                // Only its grantor revokes a membership.
                as_user(&server, server.admin().await, &drift).await;
            } else {
                server.execute("postgres", &drift).await;
            }
            let before = application.credentials("AWSPREVIOUS").await.expect("the clone's");
            let refusal = refused(&application, &drift).await;
            assert!(server.signs_in(&before, &application.app.database).await, "{drift}: it was not touched");
            for statement in remedy(&refusal, "an administrator") {
                server.execute("postgres", &statement).await;
            }
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "{drift}");
            if number % 2 == 0 {
                // The base may have more than the clone, which is said.
                server
                    .execute("postgres", &format!("ALTER ROLE {base} SET statement_timeout = '{number}h'"))
                    .await;
                application.rotate_ok().await;
                let output = application.output();
                assert!(output.contains("the turn after this one will be refused"), "{output}");
                let refusal = application.rotate_expect_err().await;
                for statement in remedy(&refusal, "an administrator") {
                    server.execute("postgres", &statement).await;
                }
                application.rotate_ok().await;
            }
            application.rotate_ok().await;
            assert_eq!(application.credentials("AWSCURRENT").await.expect("a version").user, base, "{drift}");
        }
    }
}

/// `RotateImmediately=false` fails for what a rotation would be refused for.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_without_a_rotation_finds_a_pair_that_drifts() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, setup()).await;
        application.probe().await;
        let (base, clone) = (application.app.user(), format!("{}_clone", application.app.user()));
        as_user(server, server.admin().await, &format!("REVOKE {base} FROM {clone}")).await;
        let refusal = application.probe_expect_err().await;
        as_user(server, server.admin().await, &remedy(&refusal, "an administrator").join("; ")).await;
        application.probe().await;
        application.rotate_ok().await;
        application.probe().await;
    }
}

/// A session under SET role may not change its own password.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_clone_owns_is_reassigned_at_either_turn() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, setup()).await;
        let (base, clone) = (application.app.user(), format!("{}_clone", application.app.user()));
        let database = &application.app.database;
        for turn in 0..4 {
            server
                .execute(
                    database,
                    &format!(
                        "CREATE TABLE public.t{turn} (a int); ALTER TABLE public.t{turn} OWNER TO {clone}"
                    ),
                )
                .await;
            application.rotate_ok().await;
            let owner = format!("SELECT tableowner FROM pg_tables WHERE tablename = 't{turn}'");
            assert_eq!(server.values(database, &owner).await, [base], "turn {turn}");
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}
