//! Secrets Manager as the store of a rotation, and Amazon RDS as the witness of which host is which server.
//! The only crate that imports the AWS SDK.

#[cfg(test)]
mod canned;
mod codes;
mod errors;
mod rds;
mod secrets_manager;

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::{Builder, tls};

pub use rds::Rds;
pub use secrets_manager::SecretsManager;

/// How long a connection, with its TLS, may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt may take, connection included.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a call may take, with all of its attempts and the pauses between them.
const CALL: Duration = Duration::from_secs(12);
/// How often a call is tried where a failure may pass: throttling, a lost answer, the service's own trouble.
const ATTEMPTS: u32 = 3;

/// Where the services are. Region, FIPS and dual-stack endpoints come from the environment as every AWS SDK
/// reads it (`AWS_REGION`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, `AWS_ENDPOINT_URL_RDS`, ...).
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Secrets Manager's address where it is not the region's own. Taken as it is: whether its scheme may be
    /// http is for the caller to check.
    pub secrets_manager_endpoint: Option<String>,
    /// The same for RDS.
    pub rds_endpoint: Option<String>,
}

/// The clients of one process.
#[derive(Debug)]
pub struct Aws {
    /// The store of secrets.
    pub secrets_manager: SecretsManager,
    /// Which address belongs to which server.
    pub rds: Rds,
}

/// Makes the clients, once, at cold start. Nothing is sent: a wrong region or a missing credential shows in
/// the first call's error.
///
/// Each call is tried at most 3 times and gives up after 12 s, an attempt after 5 s, a connection after 3 s.
/// Proxies that the environment names (`HTTPS_PROXY`) are not used.
pub async fn connect(settings: Settings) -> Aws {
    // Lambda hands a function its role's credentials and its region in the environment, and nowhere else. The
    // SDK's default chain would go on to profiles, web identities (an STS client), containers and EC2's
    // metadata: code in every binary that could only delay the answer "no credentials".
    let config = loader()
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(EnvironmentVariableRegionProvider::new())
        .load()
        .await;
    Aws::new(&config, settings)
}

/// One TLS stack (rustls on ring, as the database driver's) with the system's authorities, and the limits.
fn loader() -> ConfigLoader {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let limits = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    // An address in somebody's ~/.aws/config would escape the caller's check that secrets travel over TLS.
    let no_profiles = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build();
    aws_config::defaults(BehaviorVersion::latest())
        .profile_files(no_profiles)
        .http_client(Builder::new().tls_provider(ring).build_https())
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
}

impl Aws {
    /// The clients of a configuration of the caller's own: its credentials, region, HTTP client and limits.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings) -> Self {
        Self {
            secrets_manager: SecretsManager::new(config, settings.secrets_manager_endpoint),
            rds: Rds::new(config, settings.rds_endpoint),
        }
    }
}
