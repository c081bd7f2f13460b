//! The versions of a secret, and whether the database accepts their credentials.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use serde_json::Value;
use testbed::{Credentials, Server};

/// A version of a secret, as it is after a step.
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) labels: Vec<String>,
    /// `None` if the version has no value yet.
    pub(crate) user: Option<String>,
    pub(crate) signs_in: bool,
}

impl Version {
    pub(crate) fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|has| has == label)
    }

    /// All versions of the secret that have a label.
    pub(crate) async fn all(secrets: &Client, secret_id: &str, server: &dyn Server) -> Vec<Self> {
        let secret = secrets.describe_secret().secret_id(secret_id).send().await.expect("the secret exists");
        let labels: HashMap<String, Vec<String>> = secret.version_ids_to_stages.unwrap_or_default();
        let mut versions = Vec::new();
        for (id, labels) in labels {
            let value = secrets.get_secret_value().secret_id(secret_id).version_id(&id).send().await;
            let value: Option<Value> = value.ok().and_then(|v| serde_json::from_str(v.secret_string()?).ok());
            let field = |name: &str| value.as_ref().and_then(|value| value[name].as_str()).map(str::to_owned);
            let user = field("username");
            let mut signs_in = false;
            if let (Some(user), Some(password)) = (user.clone(), field("password")) {
                let database = field("dbname").unwrap_or_default();
                signs_in = server.signs_in(&Credentials { user, password }, &database).await;
            }
            versions.push(Self { id, labels, user, signs_in });
        }
        versions
    }
}
