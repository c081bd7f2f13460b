use std::io::Write;

use super::CliError;
use super::client::Endpoint;
use crate::local::VersionState;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name or ARN
    secret: String,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Prints the versions in the order they were made, those without a label too.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let versions: Vec<VersionState> =
        args.endpoint.get("versions", &[("secret", args.secret.as_str())]).await?;
    let width = versions.iter().map(|version| version.id.len()).max().unwrap_or_default().max(7);
    writeln!(out, "{:width$}  value  labels", "version")?;
    for VersionState { id, stages, has_value } in versions {
        let value = if has_value { "yes" } else { "no" };
        let labels = if stages.is_empty() { "(deprecated)".to_owned() } else { stages.join(", ") };
        writeln!(out, "{id:width$}  {value:5}  {labels}")?;
    }
    Ok(())
}
