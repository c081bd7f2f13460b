//! A failure that lasts for hours reads the same at every attempt: same class, same sentence, same remedy.

use std::collections::BTreeSet;

use crate::support::setups_that_a_function_keeps_equal;
use local_aws::Failure;
use serde_json::{Value, json};
use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};
use tokio::net::TcpSocket;

/// As Secrets Manager repeats a rotation.
const ATTEMPTS: u32 = 3;

/// Rotates without success. Returns the class and message, which are the same for all attempts.
async fn said<S: Server>(application: &Application<'_, S>) -> String {
    let rotation = application.rotate().await;
    assert!(!rotation.succeeded && rotation.attempts.len() >= 3, "{rotation:#?}");
    let steps = rotation.attempts.iter().filter_map(|attempt| attempt.steps.last());
    let said: BTreeSet<_> = steps
        .filter_map(|step| step.outcome.as_ref().err())
        .map(|error| format!("{} {}", error.error_type.as_deref().unwrap_or("?"), error.message))
        .collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    said.into_iter().collect()
}

async fn with_fields<S: Server>(server: &S, setup: Setup<'_>, fields: Value) -> String {
    said(&Application::start(server, Setup { fields, attempts: ATTEMPTS, ..setup }).await).await
}

async fn network_and_secret<S: Server>(server: &S) {
    // Bound and not listening: no other test gets that port meanwhile.
    let nobody = TcpSocket::new_v4().expect("a socket");
    nobody.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let port = nobody.local_addr().expect("a bound port").port();
    for setup in setups_that_a_function_keeps_equal(server) {
        for (fields, class) in [
            (json!({"port": port}), "Unreachable"),
            (json!({"host": "no-such-host.invalid"}), "NameNotResolved"),
            (json!({"dbname": "no such"}), "Missing"),
            (json!({"password": "not the password"}), "Refused"),
        ] {
            let failure = with_fields(server, setup.clone(), fields).await;
            assert!(failure.starts_with(class), "{failure}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_failure_of_the_network_the_server_or_the_secret_reads_the_same_at_every_attempt() {
    for version in postgres_versions() {
        network_and_secret(Postgres::shared(version).await).await;
    }
    for version in mysql_versions() {
        network_and_secret(MySql::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_of_secrets_manager_reads_the_same_at_every_attempt() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let setup = Setup { attempts: ATTEMPTS, ..Setup::single_user() };
    let application = Application::start(server, setup).await;
    for _attempt in 0..ATTEMPTS {
        application.local.fail(Failure::refuse("UpdateSecretVersionStage", 1, "AccessDeniedException"));
    }
    assert!(said(&application).await.starts_with("AccessDenied"));
    // The id is in the log.
    assert!(application.output().contains("aws.request_id"), "{}", application.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_resets_every_connection_reads_the_same_at_every_attempt() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let proxy = FaultProxy::to(server.port(), Fault::CutsAfter(20)).await;
    let failure = with_fields(server, Setup::single_user(), json!({"port": proxy.port()})).await;
    assert!(failure.starts_with("Unreachable"), "{failure}");
}
