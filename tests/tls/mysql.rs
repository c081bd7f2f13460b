//! TLS with MySQL and MariaDB.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::{Application, Certificate, FaultProxy, MySql, MySqlOptions, Setup, mysql_versions};

use super::fails_before_the_sign_in;

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_hides_tls_gets_no_sign_in_whether_ssl_is_true_or_absent() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for ssl in [json!(true), json!(null)] {
            let proxy = FaultProxy::to(server.port(), Fault::HidesTls).await;
            let fields = json!({"port": proxy.port(), "ssl": ssl});
            fails_before_the_sign_in(server, fields, "TlsNotOffered", "\"ssl\": false").await;
            assert!(proxy.connections() > 0, "there was no connection");
            assert_eq!(proxy.cleartext_sign_ins(), 0, "ssl {ssl} on {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_foreign_authority_for_another_name_or_expired_gets_no_sign_in() {
    for version in mysql_versions() {
        for (certificate, class, said) in [
            (Certificate::Foreign, "TlsUnknownAuthority", "DATABASE_CA_FILE"),
            (Certificate::WrongName, "TlsWrongName", "is for another name"),
            (Certificate::Expired, "TlsExpired", "has expired"),
        ] {
            let server = MySql::start(version, MySqlOptions { certificate, ..MySqlOptions::default() }).await;
            fails_before_the_sign_in(&server, json!({}), class, said).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_an_error_unless_the_secret_forbids_tls() {
    // MySQL's own way to sign in needs TLS, so that nobody could set such a server up.
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let options = MySqlOptions { certificate: Certificate::None, ..MySqlOptions::default() };
        let server = MySql::start(version, options).await;
        fails_before_the_sign_in(&server, json!({}), "TlsNotOffered", "offers no TLS").await;
        let setup = Setup { fields: json!({"ssl": false}), ..Setup::mysql_single_user() };
        let application = Application::start(&server, setup).await;
        application.rotate_ok().await;
        assert!(application.output().contains("without TLS"), "{}", application.output());
    }
}

/// The application's `dbname` applies to the application only: the superuser opens no database.
#[tokio::test(flavor = "multi_thread")]
async fn the_applications_dbname_never_applies_to_the_superuser() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = Application::start(&server, Setup::mysql_alternating_users()).await;
        let log = server.log();
        application.rotate_ok().await;
        let text = log.text();
        let of_superuser: Vec<&str> = text.lines().filter(|line| line.contains("Connect\tmaster@")).collect();
        assert_eq!(of_superuser.len(), 1, "{text}");
        assert!(of_superuser[0].contains(" on  using SSL/TLS"), "{of_superuser:?}");
    }
}
