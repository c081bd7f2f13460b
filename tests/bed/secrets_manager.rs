//! AWS's own client, for whatever speaks as Secrets Manager on this machine.

use aws_sdk_secretsmanager::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};

/// A client of the Secrets Manager at `url`, with credentials that open nothing elsewhere. It does not retry: what
/// a call came to is what the caller gets.
#[must_use]
pub fn secrets_manager(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "an-example", None, None, "bed"))
        .retry_config(aws_sdk_secretsmanager::config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// The access key of the functions, by which their calls are told from ours.
pub(crate) const FUNCTIONS_KEY: &str = "AKIDFUNCTION";

/// What the functions reach AWS with, in this process and at `url`.
pub async fn aws_at(url: &str) -> aws::Aws {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new(FUNCTIONS_KEY, "an-example", None, None, "bed"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await;
    let url = Some(url.to_owned());
    aws::Aws::new(&config, aws::Settings { secrets_manager_endpoint: url.clone(), rds_endpoint: url })
}
