use std::io::Write;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Let this time pass at once: a number and s, m, h or d, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse)]
    advance: Option<Duration>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Advances the server's clock if asked, and prints its time.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let clock: Json = match args.advance {
        Some(by) => args.endpoint.put("clock", &json!({"AdvanceSeconds": by.as_secs()})).await?,
        None => args.endpoint.get("clock", &[]).await?,
    };
    line(out, format_args!("{}", external(clock["Now"].as_str().unwrap_or_default())))?;
    Ok(())
}

fn parse(text: &str) -> Result<Duration, String> {
    let unit = |c: char| match c {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(24 * 3_600),
        _ => None,
    };
    let last = text.chars().next_back();
    let seconds = last.and_then(|last| {
        let number: u64 = text.strip_suffix(last)?.parse().ok()?;
        number.checked_mul(unit(last)?)
    });
    seconds.map(Duration::from_secs).ok_or_else(|| "give a number and s, m, h or d, such as 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("45m", Some(2_700)),
            ("4h", Some(14_400)),
            ("30d", Some(2_592_000)),
            ("0d", Some(0)),
            ("", None),
            ("d", None),
            ("30", None),
            ("-1d", None),
            ("1.5h", None),
            ("1w", None),
            ("1d ", None),
            ("1D", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
            ("1ä", None),
        ] {
            assert_eq!(parse(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
