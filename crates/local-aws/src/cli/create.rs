use std::io::{Read, Write};
use std::path::PathBuf;

use serde_json::json;

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use super::tag::{key_and_value, set_tags};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name
    name: String,
    /// The file that holds the value; standard input if not given
    #[arg(long)]
    file: Option<PathBuf>,
    /// What the secret is for
    #[arg(long)]
    description: Option<String>,
    /// A tag, also one that AWS reserves; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_and_value)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Creates a secret, and prints its ARN. The value is never an argument, which other users could read.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let value = read(args.file)?;
    let mut request = json!({
        "Name": args.name,
        "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        // The line end that editors add is not part of the value.
        "SecretString": value.trim_end_matches(['\r', '\n']),
    });
    if let Some(description) = args.description {
        request["Description"] = description.into();
    }
    let response = args.endpoint.call("CreateSecret", &request).await?;
    if !args.tags.is_empty() {
        set_tags(&args.endpoint, &args.name, args.tags).await?;
    }
    line(out, format_args!("{}", external(response["ARN"].as_str().unwrap_or_default())))?;
    Ok(())
}

fn read(file: Option<PathBuf>) -> Result<String, CliError> {
    match file {
        Some(path) => std::fs::read_to_string(&path)
            .map_err(|source| CliError::Read { what: path.display().to_string(), source }),
        None => {
            let mut value = String::new();
            std::io::stdin()
                .read_to_string(&mut value)
                .map_err(|source| CliError::Read { what: "standard input".to_owned(), source })?;
            Ok(value)
        }
    }
}
