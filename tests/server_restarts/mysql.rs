//! MySQL and MariaDB servers that stop, start, crash and fill up during a rotation.

use sqlx::{Connection, MySqlConnection};
use testbed::{Application, MySql, MySqlOptions, Server, mysql_versions};

use super::{between_steps, in_the_middle, waits_for};
use crate::support::{nothing_is_lost, setups_with_a_short_timeout};

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_or_mariadb_that_stops_and_starts_before_every_step_loses_nothing() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in setups_with_a_short_timeout(&server) {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let start = async || server.start_again().await;
            between_steps(&application, async || server.stop().await, start).await;
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
async fn a_mysql_or_mariadb_that_restarts_or_crashes_during_set_secret_loses_nothing() {
    // What was committed outlives a crash, as it does by default.
    let settings = [("innodb-flush-log-at-trx-commit", "1")];
    for version in mysql_versions() {
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for (setup, crashes) in setups_with_a_short_timeout(&server)
            .into_iter()
            .flat_map(|setup| [(setup.clone(), false), (setup, true)])
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

/// All connections are in use but the one that is reserved for root; then the others close.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_mysql_or_mariadb_is_named_and_loses_nothing() {
    let settings = [("max-connections", "10")];
    for version in mysql_versions() {
        let server =
            MySql::start(version, MySqlOptions { settings: &settings, ..MySqlOptions::default() }).await;
        for setup in setups_with_a_short_timeout(&server) {
            let context = format!("{} on {}", setup.function, server.name());
            let single_user = setup.function.ends_with("single-user");
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let pending = application.begin().await;
            application.step("createSecret", &pending).await.expect("createSecret");
            for left in 0..2 {
                // One connection is enough for strategies without a superuser.
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
                    one.close().await.expect("the session closes");
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
