use std::io::Write;

use super::client::Endpoint;
use super::error::CliError;
use super::print::line;
use crate::events::Page;

/// How long one request waits for the next event, in seconds. The server responds as soon as there is one.
const WAIT: &str = "30";

#[derive(clap::Args)]
pub(super) struct Args {
    /// Go on with each further event until interrupted
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Prints the events that the server keeps, and those that follow if asked.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let wait = if args.follow { WAIT } else { "0" };
    let mut last = 0;
    loop {
        let after = last.to_string();
        let page: Page = args.endpoint.get("events", &[("after", &after), ("wait", wait)]).await?;
        for event in &page.events {
            line(out, format_args!("{event}"))?;
        }
        out.flush()?;
        if page.events.is_empty() && !args.follow {
            return Ok(());
        }
        last = page.last;
    }
}
