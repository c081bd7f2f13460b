use std::io::Write;

use serde_json::Value as Json;

use super::client::Endpoint;
use super::error::CliError;
use super::print::line;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Prints the log of calls.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let calls: Vec<Json> = args.endpoint.get("calls", &[]).await?;
    for call in calls {
        line(out, format_args!("{call}"))?;
    }
    Ok(())
}
