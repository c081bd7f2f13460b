//! How PostgreSQL asks for a password.

use serde_json::json;
use testbed::stub_server::{Opening, message};
use testbed::{Application, Postgres, PostgresOptions, Server, Setup, StubServer, postgres_versions};

use crate::support::{claim, superuser_was_not_touched};

/// `trust` lets anybody in as anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_trusts_its_clients_proves_no_password() {
    let pg_hba =
        ["hostssl all master,postgres 127.0.0.1/32 scram-sha-256", "hostssl all all 127.0.0.1/32 trust"];
    for version in postgres_versions() {
        let options = PostgresOptions { pg_hba: &pg_hba, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        for setup in server.setups() {
            let application = Application::start(&server, setup.clone()).await;
            let victim = server.create_app("victim").await;
            claim(&application, victim.user(), &json!({})).await;
            application.local.clear_calls();
            let before = verifiers(&server).await;
            let failure = application.rotate_expect_err().await;
            assert!(
                failure.starts_with("SetSecret SignInMethod: ") && failure.contains("trust"),
                "{failure}"
            );
            superuser_was_not_touched(&application);
            assert_eq!(verifiers(&server).await, before, "on {version}");
        }
    }
}

async fn verifiers(server: &Postgres) -> Vec<String> {
    server.values("postgres", "SELECT rolname || coalesce(rolpassword, '') FROM pg_authid ORDER BY 1").await
}

/// The superuser's password above all: `password` in `pg_hba.conf`, as a server that somebody has taken would ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_asks_for_the_plain_text_does_not_get_it() {
    for user in ["master", "all"] {
        let line = format!("hostssl all {user} 127.0.0.1/32 password");
        let root = "hostssl all postgres 127.0.0.1/32 scram-sha-256";
        for version in postgres_versions() {
            let options = PostgresOptions { pg_hba: &[root, &line], ..PostgresOptions::default() };
            let server = Postgres::start(version, options).await;
            let application = Application::start(&server, Setup::alternating_users()).await;
            let log = server.log();
            let failure = application.rotate_expect_err().await;
            assert!(failure.starts_with("SetSecret SignInMethod: "), "{failure}");
            assert!(failure.contains("plain text"), "{failure}");
            assert_eq!((log.authorized("master"), log.failed("master")), (0, 0), "{}", log.text());
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// After a challenge, in the middle of SCRAM, or a "yes" without the last message of SCRAM, in which a server shows that it
/// knows the verifier.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_postgresqls_place_gets_no_plain_text_and_no_trust() {
    let plain_text = || message(b'R', &3_u32.to_be_bytes());
    let md5 = || message(b'R', b"\0\0\0\x05salt");
    let scram = || message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
    let yes = || [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let scripts = [
        (vec![plain_text()], "plain text"),
        (vec![md5(), plain_text()], "plain text"),
        (vec![scram(), plain_text()], "plain text"),
        (vec![yes()], "without asking"),
        (vec![scram(), yes()], "without asking"),
    ];
    let server = Postgres::shared(postgres_versions()[0]).await;
    for (script, said) in scripts {
        let respond = move |number: usize, _: &[u8]| script.get(number).cloned().unwrap_or_default();
        let stub = StubServer::start(Opening::Postgres, respond).await;
        for setup in server.setups() {
            let fields = json!({"port": stub.port()});
            let application = Application::start(server, Setup { fields, ..setup }).await;
            let failure = application.rotate_expect_err().await;
            assert!(failure.starts_with("SetSecret SignInMethod: "), "{failure}");
            assert!(failure.contains(said), "{said} is not in: {failure}");
            assert!(!stub.received(&application.app.credentials.password), "the password was sent");
        }
    }
}
