//! Certificates of AWS's APIs: an authority among Amazon's own roots, or those that `AWS_CA_BUNDLE` names instead, signs them, they
//! are for the requested host name, and they are valid today.

use std::time::{Duration, Instant};

use stress::bench::TlsProxy;
use testbed::{Application, Certificate, Postgres, Setup, postgres_versions};

use crate::support::postgres::{instance, made_by_rds};
use crate::support::says;

/// A rotation by way of TLS before local-aws: the function's words where it failed.
async fn rotated(
    application: &Application<'_, Postgres>,
    bundle: &str,
    proxy: &TlsProxy,
) -> Result<(), String> {
    let setup = Setup::single_user();
    let environment = [("SECRETS_MANAGER_ENDPOINT", proxy.url.as_str()), ("AWS_CA_BUNDLE", bundle)];
    application.functions.add(setup.function, &environment, setup.timeout).await;
    let rotation = application.rotate().await;
    if rotation.succeeded { Ok(()) } else { Err(application.output()) }
}

/// The remedy that the refusal names, and what is trusted then.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_authority_vouches_for_secrets_manager_where_aws_ca_bundle_names_it_only() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    let port = application.local.port();
    let proxy = TlsProxy::of(port, Duration::ZERO, Certificate::Good).await;
    application.local.clear_calls();
    let refusal = rotated(&application, "", &proxy).await.expect_err("nobody vouches for it");
    assert!(refusal.contains("TlsUnknownAuthority") && refusal.contains("AWS_CA_BUNDLE"), "{refusal}");
    let named = server.ca_file().display().to_string();
    rotated(&application, &named, &proxy).await.expect("its authority is named");
    let foreign = TlsProxy::of(port, Duration::ZERO, Certificate::Foreign).await;
    let refusal = rotated(&application, &named, &foreign).await.expect_err("nobody vouches for it");
    assert!(refusal.contains("TlsUnknownAuthority"), "{refusal}");
    assert!(application.signs_in("AWSCURRENT").await);
}

/// Certificates of an authority that is trusted, and what a failure says of them: class, reason, remedy.
const BAD: [(Certificate, &str, &str, &str); 3] = [
    (
        Certificate::WrongName,
        "TlsWrongName",
        "presents a certificate for another name than 127.0.0.1 (elsewhere.example)",
        "SECRETS_MANAGER_ENDPOINT",
    ),
    (
        Certificate::Expired,
        "TlsExpired",
        "presents a certificate that expired at 2021-01-01T00:00:00Z",
        "AWS_CA_BUNDLE",
    ),
    (
        Certificate::NotYetValid,
        "TlsExpired",
        "presents a certificate that is not valid before 2099-01-01T00:00:00Z",
        "AWS_CA_BUNDLE",
    ),
];

/// The SDK makes no other attempt, which could not succeed and would begin with a pause of up to two seconds.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_manager_with_a_certificate_for_another_name_or_another_time_is_sent_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let setup = Setup::single_user();
    let application = Application::start(server, setup.clone()).await;
    let named = server.ca_file().display().to_string();
    for (certificate, class, said, remedy) in BAD {
        let proxy = TlsProxy::of(application.local.port(), Duration::ZERO, certificate).await;
        let environment = [("SECRETS_MANAGER_ENDPOINT", proxy.url.as_str()), ("AWS_CA_BUNDLE", &named)];
        application.functions.add(setup.function, &environment, setup.timeout).await;
        let began = Instant::now();
        let failure = application.rotate_expect_err().await;
        let took = began.elapsed();
        says(&failure, class, &[said, remedy, "Secrets Manager at https://127.0.0.1:"]);
        // Its two reads go out at once.
        assert!(proxy.connections() <= 2, "{certificate:?}: {} connections", proxy.connections());
        assert!(took < Duration::from_secs(2), "{certificate:?}: {took:?}");
    }
    assert!(application.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rds_with_a_certificate_for_another_name_or_another_time_is_sent_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let setup = Setup::alternating_users();
    let application = Application::start(server, setup.clone()).await;
    let instance = instance("localhost", "localhost", server.port());
    let arn = application.local.register_instance(instance);
    made_by_rds(&application, "aws:rds:primaryDBInstanceArn", &arn).await;
    let named = server.ca_file().display().to_string();
    for (certificate, class, said, remedy) in BAD {
        let proxy = TlsProxy::of(application.local.port(), Duration::ZERO, certificate).await;
        let environment = [("AWS_ENDPOINT_URL_RDS", proxy.url.as_str()), ("AWS_CA_BUNDLE", &named)];
        application.functions.add(setup.function, &environment, setup.timeout).await;
        let failure = application.rotate_expect_err().await;
        says(&failure, class, &[said, remedy, "RDS at https://127.0.0.1:"]);
        assert_eq!(proxy.connections(), 1, "{certificate:?}");
    }
    assert!(application.signs_in("AWSCURRENT").await);
}
