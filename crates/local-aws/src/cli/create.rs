use std::io::{Read, Write};
use std::path::PathBuf;

use serde_json::json;

use super::CliError;
use super::client::Endpoint;
use super::print::{foreign, line};
use super::tag::{Tags, key_and_value};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name
    name: String,
    /// The file that holds the value; standard input unless given
    #[arg(long)]
    file: Option<PathBuf>,
    /// What the secret is for
    #[arg(long)]
    description: Option<String>,
    /// A tag; may be repeated, and may be one that AWS reserves
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_and_value)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Creates a secret, and prints its ARN. A value is never taken from the command line, where others could read it.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let value = read(args.file)?;
    let mut request = json!({
        "Name": args.name,
        "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        // An editor's last line end is not part of the value.
        "SecretString": value.trim_end_matches(['\r', '\n']),
    });
    if let Some(description) = args.description {
        request["Description"] = description.into();
    }
    let answer = args.endpoint.call("CreateSecret", &request).await?;
    if !args.tags.is_empty() {
        args.endpoint.put("tags", &Tags::new(args.name, args.tags).json()).await?;
    }
    line(out, format_args!("{}", foreign(answer["ARN"].as_str().unwrap_or_default())))?;
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
