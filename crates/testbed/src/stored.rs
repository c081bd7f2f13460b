//! Secrets in a Secrets Manager, without the function that rotates them.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use serde_json::Value;

use crate::Credentials;

/// Creates a secret, and returns its ARN.
pub async fn store(client: &Client, name: &str, secret: &Value) -> String {
    let call = client.create_secret().name(name).secret_string(secret.to_string());
    let response = call.send().await.expect("CreateSecret is accepted");
    response.arn().expect("CreateSecret returns an ARN").to_owned()
}

/// The value of a secret's version with this label. `None` if there is no such value.
pub(crate) async fn stored(client: &Client, arn: &str, stage: &str) -> Option<Value> {
    value(client.get_secret_value().secret_id(arn).version_stage(stage)).await
}

async fn value(call: GetSecretValueFluentBuilder) -> Option<Value> {
    let text = call.send().await.ok()?.secret_string()?.to_owned();
    serde_json::from_str(&text).ok()
}

/// User and password of a secret's version with this label.
pub async fn credentials(client: &Client, arn: &str, stage: &str) -> Option<Credentials> {
    credentials_of(client.get_secret_value().secret_id(arn).version_stage(stage)).await
}

/// User and password of the version that this call reads.
pub(crate) async fn credentials_of(call: GetSecretValueFluentBuilder) -> Option<Credentials> {
    let secret = value(call).await?;
    let text = |field: &str| secret[field].as_str().map(String::from);
    Some(Credentials { user: text("username")?, password: text("password")? })
}
