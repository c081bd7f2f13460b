//! What is wrong on the way to the server.

use std::net::TcpListener;

use serde_json::{Value, json};
use testbed::fault_proxy::Fault;
use testbed::{
    Application, Certificate, FaultProxy, MySql, MySqlOptions, Postgres, PostgresOptions, Server, Setup,
    mysql_versions, postgres_versions,
};

use super::{finding, finds_nothing, next, report, rotated};
use crate::support::postgres::newest;

/// Stores AWSCURRENT anew with these fields.
async fn with<S: Server>(application: &Application<'_, S>, fields: &Value) {
    let mut current = application.stored("AWSCURRENT").await.expect("a version");
    for (name, value) in fields.as_object().expect("fields") {
        current[name] = value.clone();
    }
    application.store_current(&current).await;
}

async fn ways_to_a_server<S: Server>(server: &S, setup: Setup<'static>) {
    let application = rotated(server, setup).await;
    let good = json!({"host": "localhost", "port": server.port()});
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    for (fields, check, said) in [
        (json!({"host": "no-such-host.invalid"}), "server's addresses", "DNS"),
        (json!({"port": free.port()}), "server's addresses", "refused"),
        (json!({"port": silent.port()}), "certificate", "did not respond"),
    ] {
        with(&application, &fields).await;
        next(&application, check, &[said]).await;
        with(&application, &good).await;
        application.rotate_ok().await;
        finds_nothing(&application, said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_ports_silence_and_stripped_tls_are_found() {
    let server = newest().await;
    ways_to_a_server(server, Setup::single_user()).await;
    let application = rotated(server, Setup::single_user()).await;
    let strips = FaultProxy::to(server.port(), Fault::StripsTls).await;
    with(&application, &json!({"port": strips.port()})).await;
    next(&application, "certificate", &["offers no TLS"]).await;
    for version in mysql_versions() {
        ways_to_a_server(MySql::shared(version).await, Setup::mysql_single_user()).await;
    }
}

async fn certificate<S: Server>(server: &S, setup: Setup<'static>, certificate: Certificate) {
    let application = Application::start(server, super::diagnosing(setup)).await;
    // This attaches the function, and fails for the same reason.
    let _ = application.rotate().await;
    let report = report(&application).await;
    let seen = finding(&report, "certificate")["Seen"].as_str().expect("a text").to_owned();
    let (status, said) = match certificate {
        Certificate::Foreign => ("fail", "unknown authority"),
        Certificate::WrongName => ("fail", "is for another name"),
        Certificate::Expired => ("fail", "has expired"),
        Certificate::NotYetValid => ("fail", "is not valid yet"),
        Certificate::None => ("fail", "offers no TLS"),
        Certificate::ExpiresSoon => ("warn", "expires in "),
        Certificate::Good => ("pass", "TLS 1.3; the certificate is valid for"),
    };
    assert_eq!(finding(&report, "certificate")["Status"], status, "{report:#}");
    assert!(seen.contains(said), "{seen}");
    if status != "pass" {
        assert_eq!(report["Worst"], "certificate", "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_judged_as_a_rotation_judges_them_and_for_how_much_longer() {
    for one in [
        Certificate::Good,
        Certificate::Foreign,
        Certificate::WrongName,
        Certificate::Expired,
        Certificate::NotYetValid,
        Certificate::None,
        Certificate::ExpiresSoon,
    ] {
        let options = PostgresOptions { certificate: one, ..PostgresOptions::default() };
        let server = Postgres::start(postgres_versions()[0], options).await;
        certificate(&server, Setup::single_user(), one).await;
    }
    for version in mysql_versions() {
        for one in [Certificate::Good, Certificate::Foreign, Certificate::ExpiresSoon] {
            let options = MySqlOptions { certificate: one, ..MySqlOptions::default() };
            let server = MySql::start(version, options).await;
            certificate(&server, Setup::mysql_single_user(), one).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_found() {
    let primary = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    let replica = Postgres::replica_of(&primary, "0").await;
    let application = rotated(&primary, Setup::single_user()).await;
    replica.caught_up_with(&primary).await;
    with(&application, &json!({"host": replica.host(), "port": replica.port()})).await;
    next(&application, "server", &["is a replica", "writer's address"]).await;
    with(&application, &json!({"host": "localhost", "port": primary.port()})).await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}

/// It responds before its deadline, and says what did not.
#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_is_in_time_although_everything_hangs() {
    let server = newest().await;
    let application = rotated(server, Setup::alternating_users()).await;
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    with(&application, &json!({"port": silent.port()})).await;
    application.set_superuser_port(silent.port()).await;
    let report = report(&application).await;
    assert_eq!(finding(&report, "sign-in")["Status"], "fail", "{report:#}");
}
