//! Who may vouch for AWS's APIs: Amazon's own roots, or the authorities that `AWS_CA_BUNDLE` names instead.

use std::time::Duration;

use stress::bench::TlsProxy;
use testbed::{Application, Certificate, Postgres, Setup, postgres_versions};

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
