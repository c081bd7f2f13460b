//! A secret that Secrets Manager replicates to another region, where applications read the replica.

mod failed;
mod promotion;
mod slow;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Region;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, StatusType};
use local_aws::ReplicationOptions;
use testbed::environment::{self, repository};
use testbed::{
    Application, Credentials, MySql, OWN_KEY, Postgres, Server, Setup, mysql_versions, postgres_versions,
};
use tokio::process::Command;

const REGION: &str = "eu-west-1";

/// An application whose secret has a replica.
async fn replicated<'a, S: Server>(server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
    let application = Application::start(server, setup).await;
    server.allow_two_passwords(&application.app).await;
    replicate(&application, None).await;
    application
}

async fn replicate<S: Server>(application: &Application<'_, S>, kms_key: Option<&str>) {
    let region =
        ReplicaRegionType::builder().region(REGION).set_kms_key_id(kms_key.map(String::from)).build();
    let call = application.client.replicate_secret_to_regions().secret_id(&application.arn);
    call.add_replica_regions(region).send().await.expect("ReplicateSecretToRegions is accepted");
}

/// The Secrets Manager of the other region, at the same address.
fn there<S: Server>(application: &Application<'_, S>) -> Client {
    let config = application.client.config().to_builder().region(Region::new(REGION)).build();
    Client::from_conf(config)
}

/// What an application in the other region signs in with.
async fn read_there<S: Server>(application: &Application<'_, S>) -> Credentials {
    let arn = application.arn.replace("us-east-1", REGION);
    testbed::credentials(&there(application), &arn, "AWSCURRENT").await.expect("a replica")
}

async fn signs_in_there<S: Server>(application: &Application<'_, S>) -> bool {
    application.server.signs_in(&read_there(application).await, &application.app.database).await
}

/// Whether the replica has the value of a version.
async fn has_there<S: Server>(application: &Application<'_, S>, version: &str) -> bool {
    let arn = application.arn.replace("us-east-1", REGION);
    there(application).get_secret_value().secret_id(arn).version_id(version).send().await.is_ok()
}

async fn status<S: Server>(application: &Application<'_, S>) -> Option<StatusType> {
    let secret = application.client.describe_secret().secret_id(&application.arn).send().await;
    secret.expect("DescribeSecret is accepted").replication_status().first()?.status().cloned()
}

/// From now on no replica of this application follows.
fn break_replication<S: Server>(application: &Application<'_, S>) {
    let failing_regions = vec![REGION.to_owned()];
    application
        .local
        .set_replication(ReplicationOptions { failing_regions, ..ReplicationOptions::default() });
}

/// From now on each follows at once. One that has failed stays so.
fn repair_replication<S: Server>(application: &Application<'_, S>) {
    application.local.set_replication(ReplicationOptions::default());
}

/// The commands in a sentence.
fn commands(sentence: &str) -> Vec<&str> {
    let parts = sentence.split("run aws ").skip(1);
    parts.map(|rest| rest.split_once(" to ").expect("what it is for follows").0).collect()
}

/// Runs a command of the AWS CLI as it is printed, in a shell.
async fn run_command<S: Server>(application: &Application<'_, S>, command: &str) {
    let cli = repository().join("target/tools/awscli/bin/aws");
    assert!(cli.exists(), "{} is missing: `make tools` fetches it", cli.display());
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{} {command}", cli.display())]).kill_on_drop(true);
    shell.env_clear().env("PATH", environment::path()).env("HOME", home.path());
    shell.env("AWS_ENDPOINT_URL", application.local.url()).env("AWS_DEFAULT_REGION", "us-east-1");
    shell.env("AWS_ACCESS_KEY_ID", OWN_KEY.expose()).env("AWS_SECRET_ACCESS_KEY", "an-example");
    let output = shell.env("AWS_EC2_METADATA_DISABLED", "true").output().await.expect("bash runs");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The operations that the function has called since the last look.
fn operations<S: Server>(application: &Application<'_, S>) -> Vec<String> {
    let calls = application.local.calls().into_iter().map(|call| call.operation).collect();
    application.local.clear_calls();
    calls
}

async fn postgres() -> &'static Postgres {
    Postgres::shared(postgres_versions()[0]).await
}

async fn all_of_mysql() -> Vec<&'static MySql> {
    let mut servers = Vec::new();
    for version in mysql_versions() {
        servers.push(MySql::shared(version).await);
    }
    servers
}
