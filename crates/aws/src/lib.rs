//! Secrets Manager as the store of a rotation, and Amazon RDS, which says which host is which server.
//! The only crate that imports the AWS SDK.

mod authorities;
mod certificate;
mod chain;
mod codes;
mod errors;
mod rds;
mod secrets_manager;
#[cfg(test)]
mod stub_server;
mod variables;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::config::SharedCredentialsProvider;
use aws_smithy_http_client::{Builder, HttpClientError, tls};
use url::Url;

pub use authorities::{Authorities, NoAuthority};
pub use rds::Rds;
pub use secrets_manager::{Begun, SecretsManager};

/// How long a connection, with its TLS, may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may take, connection included.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a call may take, with all of its attempts and the pauses between them.
const CALL: Duration = Duration::from_secs(12);
/// How often a call is tried if its failure may pass: throttling, a lost response, an error in the service.
const ATTEMPTS: u32 = 3;

/// Where the services are, as the environment of every AWS SDK says it.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `AWS_REGION`, which Lambda sets.
    pub region: Option<String>,
    /// The endpoints that are validated by FIPS 140 (`AWS_USE_FIPS_ENDPOINT`).
    pub use_fips: bool,
    /// The endpoints that have IPv6 addresses (`AWS_USE_DUALSTACK_ENDPOINT`).
    pub use_dual_stack: bool,
    /// Addresses that are not the region's own.
    pub endpoints: Endpoints,
}

/// Addresses of services. Taken as they are; [`Settings::named`] checks those that the environment names.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// Secrets Manager's.
    pub secrets_manager: Option<String>,
    /// RDS's.
    pub rds: Option<String>,
}

/// The clients of one process for AWS. Nothing is sent until a service is called: a wrong region or a missing credential shows
/// in the first call's error.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    endpoints: Endpoints,
}

impl Aws {
    /// `authorities` may vouch for the services' certificates; credentials are those of the environment, where Lambda puts
    /// the function's role's.
    ///
    /// Each call is tried at most 3 times, once where the service's certificate is rejected, and gives up after 12 s, an attempt after 5 s, a connection after 3 s.
    /// Proxies that the environment names (`HTTPS_PROXY`) are not used.
    ///
    /// # Errors
    /// If the SDK is built without TLS.
    pub fn connect(settings: Settings, authorities: Authorities) -> Result<Self, HttpClientError> {
        // Lambda hands a function its role's credentials and its region in the environment, and nowhere else. The SDK's own
        // loader would hold profiles, web identities (a client of STS), containers and EC2's metadata as well: a twentieth
        // of every binary, which could only delay the error "no credentials". And an address in somebody's ~/.aws/config
        // would escape the caller's check that secrets travel over TLS.
        let config = limited(authorities)?
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            ))
            .region(settings.region.map(Region::new))
            .use_fips(settings.use_fips)
            .use_dual_stack(settings.use_dual_stack);
        Ok(Self::new(config.build(), settings.endpoints))
    }

    /// With the caller's own configuration: credentials, region, HTTP client and limits.
    #[must_use]
    pub fn new(config: SdkConfig, endpoints: Endpoints) -> Self {
        Self { config, endpoints }
    }

    /// The store of secrets.
    #[must_use]
    pub fn secrets_manager(&self) -> SecretsManager {
        SecretsManager::new(&self.config, self.endpoints.secrets_manager.clone())
    }

    /// Which address belongs to which server.
    #[must_use]
    pub fn rds(&self) -> Rds {
        Rds::new(self.config.clone(), self.endpoints.rds.clone())
    }
}

/// The host of a service's endpoint: that of `endpoint`, or the region's own (AWS General Reference, "AWS service endpoints").
/// Only shown and looked up: the SDK forms the addresses that it calls by itself.
fn host(config: &SdkConfig, service: &str, endpoint: Option<&str>) -> Option<String> {
    if let Some(endpoint) = endpoint.or(config.endpoint_url()) {
        let url = Url::parse(endpoint).ok()?;
        return Some(url.host_str()?.trim_matches(['[', ']']).to_owned());
    }
    let region = config.region()?.as_ref();
    let fips = if config.use_fips().unwrap_or_default() { "-fips" } else { "" };
    let domain = match (region.starts_with("cn-"), config.use_dual_stack().unwrap_or_default()) {
        (false, false) => "amazonaws.com",
        (true, false) => "amazonaws.com.cn",
        (false, true) => "api.aws",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    Some(format!("{service}{fips}.{region}.{domain}"))
}

/// One TLS stack (rustls on ring, as the database driver's), and the limits.
fn limited(authorities: Authorities) -> Result<SdkConfig, HttpClientError> {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    // The system's own authorities are not trusted: reading them took most of a start.
    let trust = tls::TlsContext::builder().with_trust_store(authorities.store()).build()?;
    let limits = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(ring).tls_context(trust).build_https())
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    Ok(config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_the_endpoints_or_the_regions() {
        let config = |region: &'static str, fips, dual| {
            SdkConfig::builder().region(Region::new(region)).use_fips(fips).use_dual_stack(dual).build()
        };
        for (config, endpoint, expected) in [
            (config("eu-west-1", false, false), None, "rds.eu-west-1.amazonaws.com"),
            (config("us-east-1", true, false), None, "rds-fips.us-east-1.amazonaws.com"),
            (config("eu-west-1", false, true), None, "rds.eu-west-1.api.aws"),
            (config("cn-north-1", false, false), None, "rds.cn-north-1.amazonaws.com.cn"),
            (config("eu-west-1", false, false), Some("http://127.0.0.1:4566/"), "127.0.0.1"),
            (config("eu-west-1", false, false), Some("https://vpce-1.example.com"), "vpce-1.example.com"),
            (config("eu-west-1", false, false), Some("http://[::1]:1"), "::1"),
        ] {
            assert_eq!(host(&config, "rds", endpoint).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_connection_uses_the_endpoints_that_the_settings_name() {
        for (use_fips, use_dual_stack) in [(true, false), (false, true)] {
            let settings = Settings { use_fips, use_dual_stack, ..Settings::default() };
            let config = Aws::connect(settings, Authorities::default()).expect("TLS").config;
            assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(use_fips), Some(use_dual_stack)));
        }
    }
}
