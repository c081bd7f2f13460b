//! Servers that stop, start and fill up under a rotation: real ones, of the test's own.

use std::time::Duration;

use sqlx::{Connection, MySqlConnection, PgConnection};
use testbed::postgres::name;
use testbed::{
    Application, MySql, MySqlOptions, Postgres, PostgresOptions, Server, Setup, mysql_versions,
    postgres_versions,
};

use super::setups;
use crate::resumes::nothing_is_lost;

/// What a step may say of a server that is away, or on its way out or in.
const AWAY: [&str; 2] = ["Unreachable", "ServerUnavailable"];

/// Steps until a version is current, with the server stopped and started before each: it is away, then it is back.
async fn between_steps<S: Server>(
    application: &Application<'_, S>,
    stop: impl AsyncFn(),
    start: impl AsyncFn(),
) {
    let pending = application.begin().await;
    for step in testbed::STEPS {
        stop().await;
        let answer = application.step(step, &pending).await;
        let asks_the_server = ["setSecret", "testSecret"].contains(&step);
        match answer {
            Ok(()) => assert!(!asks_the_server, "{step} without a server"),
            Err(error) => {
                assert!(asks_the_server && error.error_type == "Unreachable", "{step}: {error:?}");
                assert!(error.error_message.contains("connection refused"), "{step}: {error:?}");
            }
        }
        start().await;
        nothing_is_lost(application, true, step).await;
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await);
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")));
}

/// The server goes while setSecret waits for somebody, and comes back.
async fn in_the_middle<S: Server>(
    application: &Application<'_, S>,
    restart: impl AsyncFnOnce(),
    context: &str,
) {
    let single_user = context.contains("single-user");
    let pending = application.begin().await;
    application.step("createSecret", &pending).await.expect("createSecret");
    let (answer, ()) = tokio::join!(application.step("setSecret", &pending), restart());
    let error = answer.expect_err("the server went away");
    assert!(AWAY.contains(&error.error_type.as_str()), "{context}: {error:?}");
    nothing_is_lost(application, single_user, context).await;
    for step in testbed::STEPS {
        application.step(step, &pending).await.unwrap_or_else(|error| panic!("{context}: {step}: {error:?}"));
    }
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
}

async fn waits_for(condition: impl AsyncFn() -> bool) {
    while !condition().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_stops_and_starts_before_every_step() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setup in setups(&server) {
            let application = Application::start(&server, setup).await;
            between_steps(&application, async || server.stop(), async || server.start_again().await).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_or_mariadb_that_stops_and_starts_before_every_step() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in setups(&server) {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let start = async || server.start_again().await;
            between_steps(&application, async || server.stop().await, start).await;
        }
    }
}

/// A session that has changed the user, has made the clone, and does not commit: who changes either waits.
async fn holds_up(server: &Postgres, user: &str) -> PgConnection {
    let mut holder = server.sign_in(&server.root(), "postgres").await.expect("root signs in");
    let hold = format!("BEGIN; ALTER ROLE {user} CONNECTION LIMIT 50; CREATE ROLE {user}_clone");
    testbed::postgres::run(&mut holder, &hold).await.expect("root may");
    holder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_restarts_in_the_middle_of_set_secret() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for setup in setups(&server) {
            let context = format!("{} on {}", setup.function, server.name());
            let application = Application::start(&server, setup).await;
            // The user's own session, or the superuser's.
            let _holder = holds_up(&server, application.app.user()).await;
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

/// Nobody changes an account while this lasts.
async fn stops_all_changes(server: &MySql) -> MySqlConnection {
    let mut holder = server.root_session().await;
    testbed::mysql::run(&mut holder, "FLUSH TABLES WITH READ LOCK").await.expect("root may");
    holder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_or_mariadb_that_restarts_or_crashes_in_the_middle_of_set_secret() {
    // What was committed outlives a crash, as it does by default.
    let settings = [("innodb-flush-log-at-trx-commit", "1")];
    for version in mysql_versions() {
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for (setup, crashes) in
            setups(&server).into_iter().flat_map(|setup| [(setup.clone(), false), (setup, true)])
        {
            let context = format!("{} on {}, crash: {crashes}", setup.function, server.name());
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let holder = stops_all_changes(&server).await;
            let waiting = "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for%lock' \
                OR STATE LIKE 'Waiting for backup%'";
            let restart = async || {
                waits_for(async || !server.values(waiting).await.is_empty()).await;
                if crashes {
                    server.kill();
                } else {
                    server.stop().await;
                }
                drop(holder);
                server.start_again().await;
            };
            in_the_middle(&application, restart, &context).await;
        }
    }
}

/// A server that is there and signs nobody in: a standby that takes no queries says the same as a server that starts up.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_starting_up() {
    let settings = [("hot_standby", "off")];
    for version in postgres_versions() {
        let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        for setup in setups(&server) {
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

/// Full, but for the one place that is kept for root; then the others go.
#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_or_mariadb_that_is_full() {
    let settings = [("max-connections", "10")];
    for version in mysql_versions() {
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for setup in setups(&server) {
            let context = format!("{} on {}", setup.function, server.name());
            let single_user = setup.function.ends_with("single-user");
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let pending = application.begin().await;
            application.step("createSecret", &pending).await.expect("createSecret");
            for left in 0..2 {
                // One place is enough for those who need no superuser.
                let others = server.create_app("others").await;
                let mut held = Vec::new();
                for _ in left..10 {
                    held.push(server.sign_in(&others.credentials, "").await.expect("there is room"));
                }
                if let Err(error) = application.step("setSecret", &pending).await {
                    assert_eq!(error.error_type, "TooManyConnections", "{context}, {left} left: {error:?}");
                } else {
                    assert!(left > 0, "{context}: it came in");
                }
                for one in held {
                    one.close().await.expect("a good-bye");
                }
                let gone = "SELECT 1 FROM information_schema.PROCESSLIST WHERE USER LIKE 'others%'";
                waits_for(async || server.values(gone).await.is_empty()).await;
                nothing_is_lost(&application, single_user, &context).await;
            }
            for step in testbed::STEPS {
                application.step(step, &pending).await.expect(step);
            }
            assert!(application.signs_in("AWSCURRENT").await, "{context}");
        }
    }
}

/// The same where a role has reached its limit in the middle: the superuser's, after the application has signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_has_no_place_for_the_superuser() {
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
