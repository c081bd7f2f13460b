use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::client::Endpoint;
use super::error::CliError;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name or ARN
    secret: String,
    /// The tags
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Sets tags under `/_local/`, because the API refuses those that AWS reserves.
pub(super) async fn run(args: Args) -> Result<(), CliError> {
    args.endpoint.put("tags", &Tags::new(args.secret, args.tags).json()).await
}

/// Tags to set on a secret.
pub(super) struct Tags {
    secret: String,
    tags: BTreeMap<String, String>,
}

impl Tags {
    pub(super) fn new(secret: String, tags: Vec<(String, String)>) -> Self {
        Tags { secret, tags: tags.into_iter().collect() }
    }

    pub(super) fn json(&self) -> Json {
        json!({"SecretId": self.secret, "Tags": self.tags})
    }
}

/// Reads `KEY=VALUE`; the value may contain equals signs.
pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("a tag has the form KEY=VALUE".to_owned()),
    }
}
