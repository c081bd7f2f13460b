//! The versions of a secret, and whose they are.

use serde_json::{Value as Json, json};

use crate::cli::client::Endpoint;
use crate::local::VersionState;

/// A version, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) labels: Vec<String>,
    pub(super) content: Content,
}

/// What is shown of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// There is none yet.
    None,
    /// Its field `username`.
    User(String),
    /// It has no such field.
    Other,
}

/// The versions that have a label. Empty if the secret cannot be read, such as after it was deleted.
pub(super) async fn versions(endpoint: &Endpoint, secret: &str) -> Vec<Version> {
    let states: Vec<VersionState> = endpoint.get("versions", &[("secret", secret)]).await.unwrap_or_default();
    let mut versions = Vec::new();
    for VersionState { id, stages: labels, has_value } in states {
        if labels.is_empty() {
            continue;
        }
        let content = if has_value { content(endpoint, secret, &id).await } else { Content::None };
        versions.push(Version { id, labels, content });
    }
    versions
}

async fn content(endpoint: &Endpoint, secret: &str, version: &str) -> Content {
    let request = json!({"SecretId": secret, "VersionId": version});
    let Ok(response) = endpoint.call("GetSecretValue", &request).await else { return Content::Other };
    let text = response["SecretString"].as_str().unwrap_or_default();
    let value: Json = serde_json::from_str(text).unwrap_or_default();
    value["username"].as_str().map_or(Content::Other, |user| Content::User(user.to_owned()))
}
