//! PostgreSQL servers that stop, start and fill up during a rotation.

use sqlx::PgConnection;
use testbed::postgres::name;
use testbed::{Application, ChangedBy, Postgres, PostgresOptions, Server, Setup, postgres_versions};

use super::{between_steps, in_the_middle, waits_for};
use crate::support::{nothing_is_lost, setups_with_a_short_timeout};

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_stops_and_starts_before_every_step_loses_nothing() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setup in setups_with_a_short_timeout(&server) {
            let application = Application::start(&server, setup).await;
            between_steps(&application, async || server.stop(), async || server.start_again().await).await;
        }
    }
}

/// A session that has changed the user, has made the clone or changed it, and does not commit: a session that changes either waits.
async fn holds_up(server: &Postgres, user: &str, changed_by: ChangedBy) -> PgConnection {
    let mut holder = server.sign_in(&server.root(), "postgres").await.expect("root signs in");
    let clone = match changed_by {
        ChangedBy::Superuser => format!("CREATE ROLE {user}_clone"),
        ChangedBy::Themselves => format!("ALTER ROLE {user}_clone CONNECTION LIMIT 50"),
    };
    let hold = format!("BEGIN; ALTER ROLE {user} CONNECTION LIMIT 50; {clone}");
    testbed::postgres::run(&mut holder, &hold).await.expect("root may");
    holder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_restarts_during_set_secret_loses_nothing() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setup in setups_with_a_short_timeout(&server) {
            let context = format!("{} on {}", setup.function, server.name());
            let changed_by = setup.changed_by;
            let application = Application::start(&server, setup).await;
            // The user's own session, or the superuser's.
            let _holder = holds_up(&server, application.app.user(), changed_by).await;
            let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            let restart = async || {
                waits_for(async || !server.values("postgres", waiting).await.is_empty()).await;
                server.stop();
                server.start_again().await;
            };
            in_the_middle(&application, restart, &context).await;
        }
    }
}

/// A server that is there and signs nobody in: a standby that takes no queries says the same as a server that starts up.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_starting_up_is_named_and_loses_nothing() {
    let settings = [("hot_standby", "off")];
    for version in postgres_versions() {
        let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        for setup in setups_with_a_short_timeout(&server) {
            let application = Application::start(&server, setup).await;
            let pending = application.begin().await;
            application.step("createSecret", &pending).await.expect("createSecret");
            server.stop();
            server.start_as_standby().await;
            for step in ["setSecret", "testSecret"] {
                let error = application.step(step, &pending).await.expect_err("nobody signs in");
                assert_eq!(error.error_type, "ServerUnavailable", "{error:?}");
                assert!(error.error_message.contains("57P03"), "{error:?}");
            }
            server.stop();
            server.start_again().await;
            nothing_is_lost(&application, false, "after a start").await;
            for step in testbed::STEPS {
                application.step(step, &pending).await.expect(step);
            }
            assert!(application.signs_in("AWSCURRENT").await);
        }
    }
}

/// The superuser's role has reached its connection limit, after the application has signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_has_no_connection_left_for_the_superuser_is_named_and_loses_nothing() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let superuser = name(&server.admin().await.user);
        server.execute("postgres", &format!("ALTER ROLE {superuser} CONNECTION LIMIT 0")).await;
        let failure = application.rotate_expect_err().await;
        assert!(failure.contains("TooManyConnections") && failure.contains("as the superuser"), "{failure}");
        nothing_is_lost(&application, false, "without a place").await;
        server.execute("postgres", &format!("ALTER ROLE {superuser} CONNECTION LIMIT -1")).await;
        application.rotate_ok().await;
    }
}
