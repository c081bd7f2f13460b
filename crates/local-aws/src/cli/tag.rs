use std::collections::BTreeMap;

use serde_json::json;

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
    set_tags(&args.endpoint, &args.secret, args.tags).await
}

pub(super) async fn set_tags(
    endpoint: &Endpoint,
    secret: &str,
    tags: Vec<(String, String)>,
) -> Result<(), CliError> {
    let tags: BTreeMap<String, String> = tags.into_iter().collect();
    endpoint.put("tags", &json!({"SecretId": secret, "Tags": tags})).await.map(drop)
}

/// Reads `KEY=VALUE`; the value may contain equals signs.
pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("a tag has the form KEY=VALUE".to_owned()),
    }
}
