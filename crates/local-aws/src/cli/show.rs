use std::io::Write;

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use crate::local::VersionState;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name or ARN
    secret: String,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Prints all versions, oldest first, also those without a label.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let versions: Vec<VersionState> =
        args.endpoint.get("versions", &[("secret", args.secret.as_str())]).await?;
    let width = versions.iter().map(|version| version.id.len()).max().unwrap_or_default().clamp(7, 64);
    line(out, format_args!("{:width$}  value  labels", "version"))?;
    for VersionState { id, stages, has_value } in versions {
        let value = if has_value { "yes" } else { "no" };
        let labels = if stages.is_empty() { "(deprecated)".to_owned() } else { external(&stages.join(", ")) };
        let id = external(&id);
        line(out, format_args!("{id:width$}  {value:5}  {labels}"))?;
    }
    Ok(())
}
