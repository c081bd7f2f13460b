//! An application's secret, read and written as an operator would.

use serde_json::Value;

use super::Application;
use crate::stored::{credentials, credentials_of, stored};
use crate::{Credentials, Server};

impl<S: Server> Application<'_, S> {
    /// The value of the version with this label.
    pub async fn stored(&self, stage: &str) -> Option<Value> {
        stored(&self.client, &self.arn, stage).await
    }

    /// Replaces AWSCURRENT, as an operator would.
    pub async fn store_current(&self, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.arn).secret_string(secret.to_string());
        call.send().await.expect("PutSecretValue is accepted");
        // This abandons a rotation that is under way.
        self.unfinished().take();
    }

    /// Stores credentials as AWSPREVIOUS, as an operator would. AWSCURRENT does not change.
    pub async fn store_previous(&self, credentials: &Credentials) {
        let mut previous = self.stored("AWSCURRENT").await.expect("a current version");
        previous["username"] = credentials.user.as_str().into();
        previous["password"] = credentials.password.as_str().into();
        let call = self.client.put_secret_value().secret_id(&self.arn).version_stages("AWSPREVIOUS");
        call.secret_string(previous.to_string()).send().await.expect("PutSecretValue is accepted");
    }

    /// Gives a pending version its value, as anyone who may write the secret could.
    pub async fn store_pending(&self, version: &str, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.arn).client_request_token(version);
        let call = call.version_stages("AWSPENDING").secret_string(secret.to_string());
        call.send().await.expect("PutSecretValue is accepted");
    }

    /// Removes AWSPENDING from a version, as an operator does who gives up a rotation.
    pub async fn abandon(&self, version: &str) {
        let call = self.client.update_secret_version_stage().secret_id(&self.arn);
        let call = call.version_stage("AWSPENDING").remove_from_version_id(version);
        call.send().await.expect("UpdateSecretVersionStage is accepted");
        self.unfinished().take();
    }

    /// User and password of the version with this label.
    pub async fn credentials(&self, stage: &str) -> Option<Credentials> {
        credentials(&self.client, &self.arn, stage).await
    }

    /// Whether the version with this label exists and signs in.
    pub async fn signs_in(&self, stage: &str) -> bool {
        match self.credentials(stage).await {
            Some(credentials) => self.server.signs_in(&credentials, &self.app.database).await,
            None => false,
        }
    }

    /// Whether any version signs in, with or without a label.
    pub async fn some_version_signs_in(&self) -> bool {
        let list = self.client.list_secret_version_ids().secret_id(&self.arn).include_deprecated(true);
        let list = list.send().await.expect("ListSecretVersionIds is accepted");
        for version in list.versions().iter().filter_map(|version| version.version_id()) {
            let call = self.client.get_secret_value().secret_id(&self.arn).version_id(version);
            let Some(credentials) = credentials_of(call).await else { continue };
            if self.server.signs_in(&credentials, &self.app.database).await {
                return true;
            }
        }
        false
    }

    /// The labels of the secret as `label version`, sorted.
    pub async fn labels(&self) -> Vec<String> {
        let response = self.client.describe_secret().secret_id(&self.arn).send().await;
        let response = response.expect("DescribeSecret is accepted");
        let versions = response.version_ids_to_stages().cloned().unwrap_or_default();
        let pairs = versions
            .into_iter()
            .flat_map(|(version, labels)| labels.into_iter().map(move |label| format!("{label} {version}")));
        let mut lines: Vec<String> = pairs.collect();
        lines.sort();
        lines
    }
}
