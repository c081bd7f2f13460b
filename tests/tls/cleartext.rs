//! Without TLS anyone on the network can be the server: its messages prove nothing, and the superuser's secret is not read.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::stub_server::{greeting, message, packet};
use testbed::{
    Application, FaultProxy, MalformedServer, MySql, Postgres, Server, Setup, mysql_versions,
    postgres_versions,
};

use crate::support::{claim, superuser_was_not_touched};

/// Asks for an md5 challenge, signs anybody in, and responds to a statement with 42501: "you may not change your password".
fn postgres() -> MalformedServer {
    let signed_in = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let not_allowed = message(b'E', b"SERROR\0C42501\0Mno\0\0");
    MalformedServer::of(vec![message(b'R', b"\0\0\0\x05salt"), signed_in, not_allowed], false, true)
}

/// Greets, and says that the password is right and has expired (1862).
fn mysql() -> MalformedServer {
    MalformedServer::of(
        vec![greeting("mysql_native_password"), packet(2, b"\xff\x46\x07#HY000expired")],
        true,
        true,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_that_responds_for_a_single_user_brings_no_superuser() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        single_user(server, Setup::single_user(), postgres()).await;
    }
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        single_user(server, Setup::mysql_single_user(), mysql()).await;
    }
}

async fn single_user<S: Server>(server: &S, setup: Setup<'_>, malformed_server: MalformedServer) {
    let proxy = FaultProxy::to(server.port(), Fault::Malformed(malformed_server)).await;
    let victim = server.create_app("victim").await;
    let application = Application::start(server, setup).await;
    claim(&application, victim.user(), &json!({"ssl": false, "port": proxy.port()})).await;
    application.local.clear_calls();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.starts_with("SetSecret Refused: ") && refusal.contains("\"ssl\": false"), "{refusal}");
    superuser_was_not_touched(&application);
    assert!(server.signs_in(&victim.credentials, &victim.database).await);
}

/// createSecret already refuses: nothing is written, and there is no connection to the server.
#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_without_tls_are_refused_before_anything_is_written() {
    for version in postgres_versions() {
        alternating_users(Postgres::shared(version).await, Setup::alternating_users()).await;
    }
    for version in mysql_versions() {
        alternating_users(MySql::shared(version).await, Setup::mysql_alternating_users()).await;
    }
}

async fn alternating_users<S: Server>(server: &S, setup: Setup<'_>) {
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let fields = json!({"ssl": false, "port": proxy.port()});
    let application = Application::start(server, Setup { fields, ..setup }).await;
    application.local.clear_calls();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.starts_with("CreateSecret Refused: ") && refusal.contains("\"ssl\": false"), "{refusal}");
    assert_eq!(application.stored("AWSPENDING").await, None);
    superuser_was_not_touched(&application);
    assert_eq!(proxy.connections(), 0, "there was a connection to the server");

    // An attacker who can write versions bypasses that step.
    let version = application.unfinished_version().expect("a rotation that failed");
    let mut pending = application.stored("AWSCURRENT").await.expect("a first version");
    pending["username"] = json!(format!("{}_clone", application.app.user()));
    pending["password"] = json!("chosen by the writer");
    application.store_pending(&version, &pending).await;
    application.local.clear_calls();
    let refusal = application.step("setSecret", &version).await.expect_err("no TLS").error_message;
    assert!(refusal.contains("\"ssl\": false") || refusal.contains("needs TLS"), "{refusal}");
    superuser_was_not_touched(&application);
}
