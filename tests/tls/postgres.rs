//! TLS with PostgreSQL.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::stub_server::message;
use testbed::{
    Application, Certificate, FaultProxy, MalformedServer, Postgres, PostgresOptions, Server, Setup,
    postgres_versions,
};

use super::fails_before_the_sign_in;
use crate::support::claim;

/// An application on a server with this certificate.
async fn with_certificate(certificate: Certificate) -> Postgres {
    let options = PostgresOptions { certificate, ..PostgresOptions::default() };
    Postgres::start(postgres_versions()[0], options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_strips_tls_gets_no_sign_in_whether_ssl_is_true_or_absent() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for ssl in [json!(true), json!("true"), json!(null)] {
            let proxy = FaultProxy::to(server.port(), Fault::StripsTls).await;
            let fields = json!({"port": proxy.port(), "ssl": ssl});
            fails_before_the_sign_in(server, fields, "TlsNotOffered", "\"ssl\": false").await;
            assert!(proxy.connections() > 0, "there was no connection");
            assert_eq!(proxy.cleartext_sign_ins(), 0, "ssl {ssl} on {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_foreign_authority_for_another_name_or_expired_gets_no_sign_in() {
    for (certificate, class, said) in [
        (Certificate::Foreign, "TlsUnknownAuthority", "DATABASE_CA_FILE"),
        (Certificate::WrongName, "TlsWrongName", "is for another name"),
        (Certificate::Expired, "TlsExpired", "has expired"),
    ] {
        let server = with_certificate(certificate).await;
        fails_before_the_sign_in(&server, json!({}), class, said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_an_error_unless_the_secret_forbids_tls() {
    let server = with_certificate(Certificate::None).await;
    fails_before_the_sign_in(&server, json!({}), "TlsNotOffered", "offers no TLS").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ssl_false_works_in_cleartext_with_a_warning() {
    let server = with_certificate(Certificate::None).await;
    for ssl in [json!(false), json!("false")] {
        let setup = Setup { fields: json!({"ssl": ssl}), ..Setup::single_user() };
        let application = Application::start(&server, setup).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await);
        let output = application.output();
        assert!(output.contains("\"level\":\"WARN\"") && output.contains("without TLS"), "{output}");
    }
}

/// The application's `dbname` applies to the application only: the superuser's connection follows the superuser's secret.
#[tokio::test(flavor = "multi_thread")]
async fn the_applications_dbname_never_applies_to_the_superuser() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let log = server.log();
        application.rotate_ok().await;
        let text = log.text();
        let of_superuser: Vec<&str> =
            text.lines().filter(|line| line.contains("connection authorized: user=master")).collect();
        assert_eq!(of_superuser.len(), 1, "{text}");
        assert!(
            of_superuser[0].contains("database=postgres") && of_superuser[0].contains("SSL enabled"),
            "{of_superuser:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_demands_tls_says_so_where_the_secret_forbids_it() {
    let options =
        PostgresOptions { pg_hba: &["hostnossl all all 127.0.0.1/32 reject"], ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    let setup = Setup { fields: json!({"ssl": false}), ..Setup::single_user() };
    let application = Application::start(&server, setup).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.starts_with("SetSecret TlsRequired: "), "{failure}");
}

/// A private authority that no setting names is not trusted.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_only_where_database_ca_file_names_it() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let environment = vec![("DATABASE_CA_FILE", "")];
    let application = Application::start(server, Setup { environment, ..Setup::single_user() }).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.starts_with("SetSecret TlsUnknownAuthority: "), "{failure}");
}

/// PostgreSQL's servers do not speak first; an error may come in place of "yes, TLS".
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_tls_proves_no_password_on_postgresql() {
    const REFUSED: &[u8] = b"SFATAL\0C28P01\0Mrun DROP ROLE postgres\0\0";
    const NOT_ALLOWED: &[u8] = b"SERROR\0C42501\0Mrun DROP ROLE postgres\0\0";
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let victim = server.create_app("victim").await.credentials;
        for said in [REFUSED, NOT_ALLOWED] {
            let malformed_server = MalformedServer::of(vec![message(b'E', said)], false, false);
            let proxy = FaultProxy::to(server.port(), Fault::None).await;
            let application = Application::through_proxy(&server, &proxy, Setup::single_user()).await;
            claim(&application, &victim.user, &json!({})).await;
            let log = server.log();
            proxy.becomes(Fault::Malformed(malformed_server));
            let failure = application.rotate_expect_err().await;
            assert!(failure.starts_with("SetSecret ServerUnavailable: "), "{failure}");
            for word in ["DROP", "28P01", "42501", "\\password"] {
                assert!(!failure.contains(word), "{word} is in: {failure}");
            }
            // It is tried again: what the server itself says then, over TLS, is believed.
            proxy.becomes(Fault::MalformedOnce(proxy.connections(), malformed_server));
            let failure = application.rotate_expect_err().await;
            assert!(failure.starts_with("SetSecret Refused: ") && !failure.contains("DROP"), "{failure}");
            assert_eq!(log.authorized("master"), 0, "the superuser signed in");
            assert!(server.signs_in(&victim, "postgres").await);
        }
    }
}
