//! local-aws, and clients of a Secrets Manager on this machine.

use std::sync::LazyLock;

use aws_sdk_secretsmanager::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use local_aws::{AccessKey, LocalAws, Options};

/// The access key of the tests' own clients. Like the next one it is random for each process, so that other users of
/// this machine do not know it.
pub static OWN_KEY: LazyLock<AccessKey> = LazyLock::new(AccessKey::random);

/// The access key of the functions, which distinguishes their calls from those of the tests.
pub static FUNCTIONS_KEY: LazyLock<AccessKey> = LazyLock::new(AccessKey::random);

/// A local-aws that accepts both keys, and those of the options.
pub async fn start_local_aws(options: Options) -> LocalAws {
    let mut access_keys = vec![OWN_KEY.clone()];
    access_keys.extend(options.access_keys);
    let mut function_keys = vec![FUNCTIONS_KEY.clone()];
    function_keys.extend(options.function_keys);
    LocalAws::start(Options { access_keys, function_keys, ..options }).await.expect("local-aws starts")
}

/// A client of the Secrets Manager at `url`, with credentials that are valid only there. It does not retry failed calls.
#[must_use]
pub fn secrets_manager(url: &str) -> Client {
    secrets_manager_as(&OWN_KEY, url)
}

/// Like [`secrets_manager`], with another access key.
#[must_use]
pub fn secrets_manager_as(key: &AccessKey, url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials(key))
        .retry_config(aws_sdk_secretsmanager::config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// The adapters with which the functions reach AWS, for use in this process, at `url`.
pub async fn aws_at(url: &str) -> aws::Aws {
    aws_as(&FUNCTIONS_KEY, url).await
}

/// Like [`aws_at`], with another access key.
pub async fn aws_as(key: &AccessKey, url: &str) -> aws::Aws {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials(key))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await;
    let url = Some(url.to_owned());
    aws::Aws::new(config, aws::Endpoints { secrets_manager: url.clone(), rds: url })
}

fn credentials(key: &AccessKey) -> Credentials {
    Credentials::new(key.expose(), "an-example", None, None, "testbed")
}
