//! Servers that are late: a cluster that resumes holds connections, one that fails over resets them.

use std::time::Duration;

use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The template's default.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One rotation, whose step `late` meets a server that comes after so many seconds. Every step succeeds at once.
async fn rotates<S: Server>(
    server: &'static S,
    setup: Setup<'static>,
    late: &'static str,
    fault: fn(Instant) -> Fault,
    after: u64,
) {
    let context = format!("{} on {}, {late}, {after} s", setup.function, server.name());
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let application = Application::through_proxy(server, &proxy, Setup { timeout: TIMEOUT, ..setup }).await;
    server.allow_two_passwords(&application.app).await;
    let pending = application.begin().await;
    for step in testbed::STEPS {
        if step == late {
            proxy.becomes(fault(Instant::now() + Duration::from_secs(after)));
        }
        let before = proxy.connections();
        application.step(step, &pending).await.unwrap_or_else(|error| panic!("{context}: {step}: {error:?}"));
        let connections = proxy.connections() - before;
        let asks_the_server = ["setSecret", "testSecret"].contains(&step);
        assert_eq!(connections > 0, asks_the_server, "{context}: {step}");
        // Broken handshakes count towards MySQL's max_connect_errors.
        assert!(connections <= 14, "{context}: {step} made {connections} connections");
    }
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
}

async fn every_strategy_rotates<S: Server>(servers: Vec<&'static S>) {
    let mut rotations = JoinSet::new();
    for server in servers {
        for setup in server.setups() {
            for late in ["setSecret", "testSecret"] {
                rotations.spawn(rotates(server, setup.clone(), late, Fault::HeldUntil, 20));
                rotations.spawn(rotates(server, setup.clone(), late, Fault::ResetUntil, 13));
            }
        }
    }
    while let Some(rotated) = rotations.join_next().await {
        rotated.expect("it rotates");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_holds_connections_for_20_s_or_resets_them_for_13_s_is_waited_for() {
    let mut servers = Vec::new();
    for version in postgres_versions() {
        servers.push(Postgres::shared(version).await);
    }
    every_strategy_rotates(servers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_or_mariadb_that_holds_connections_for_20_s_or_resets_them_for_13_s_is_waited_for() {
    let mut servers = Vec::new();
    for version in mysql_versions() {
        servers.push(MySql::shared(version).await);
    }
    every_strategy_rotates(servers).await;
}
