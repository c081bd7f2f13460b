use std::io::{Read, Write};
use std::path::PathBuf;

use serde_json::Value as Json;

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use crate::{Color, Colors};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The secret's name or ARN
    #[arg(required_unless_present = "report")]
    secret: Option<String>,
    /// Show this report, the response of a function, and ask none; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    report: Option<PathBuf>,
    /// Whether the terminal shows no colours (no-color.org)
    #[arg(long, env = "NO_COLOR", hide = true)]
    no_color: Option<String>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// The statuses of a check, the worst first.
const STATUSES: [(&str, Color); 4] =
    [("fail", Color::Red), ("warn", Color::Bold), ("pass", Color::Green), ("skipped", Color::Grey)];

/// Prints a function's diagnosis, worst first, ending in the one thing to do next. Fails if a check did.
pub(super) async fn run(args: Args, out: &mut impl Write) -> Result<(), CliError> {
    let report: Json = match (args.report, args.secret) {
        (Some(file), _) => read(&file)?,
        (None, secret) => args.endpoint.get("diagnosis", &[("secret", &secret.unwrap_or_default())]).await?,
    };
    print(&report, Colors::wanted(args.no_color.as_deref()), out)
}

fn read(file: &PathBuf) -> Result<Json, CliError> {
    let what = file.display().to_string();
    let failed = |source| CliError::Read { what: what.clone(), source };
    let text = if what == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(failed)?
    };
    serde_json::from_str(&text).map_err(|_| CliError::NoReport { what })
}

fn print(report: &Json, colors: Colors, out: &mut impl Write) -> Result<(), CliError> {
    let text = |of: &Json, member: &str| of[member].as_str().unwrap_or_default().to_owned();
    let Some(checks) = report["Checks"].as_array() else {
        // Lambda writes a function's error in place of its response.
        let message = external(&text(report, "errorMessage"));
        return Err(match message.is_empty() {
            true => CliError::NoReport { what: "the response".into() },
            false => CliError::NotDiagnosed { message },
        });
    };
    line(out, format_args!("{}", external(&text(report, "SecretId"))))?;
    let width = checks.iter().map(|check| text(check, "Check").chars().count()).max().unwrap_or_default();
    for (status, color) in STATUSES {
        for check in checks.iter().filter(|check| check["Status"] == status) {
            let name = external(&text(check, "Check"));
            let shown = colors.paint(color, &format!("{status:7}"));
            // The colour is ours.
            writeln!(out, "  {shown}  {name:width$}  {}", external(&text(check, "Seen")))?;
        }
    }
    match (text(report, "Status").as_str(), text(report, "Next").as_str()) {
        ("pass", _) => line(out, format_args!("nothing is wrong"))?,
        (_, next) => line(out, format_args!("next: {}", external(next)))?,
    }
    if report["Status"] == "fail" {
        return Err(CliError::Diagnosis { check: external(&text(report, "Worst")) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(report: &Json) -> (String, bool) {
        let mut out = Vec::new();
        let is_ok = print(report, Colors::Off, &mut out).is_ok();
        (String::from_utf8(out).expect("text"), is_ok)
    }

    #[test]
    fn the_worst_comes_first_and_the_one_thing_to_do_last() {
        let report = json!({
            "SecretId": "app", "Status": "fail", "Worst": "sign-in", "Next": "unlock it\u{1b}[2J",
            "Checks": [
                {"Check": "description", "Status": "pass", "Seen": "2 versions"},
                {"Check": "labels", "Status": "warn", "Seen": "AWSPENDING is on x"},
                {"Check": "sign-in", "Status": "fail", "Seen": "it is locked"},
                {"Check": "server", "Status": "skipped", "Seen": "not reached"},
            ],
        });
        let (text, is_ok) = printed(&report);
        let expected = "app\n  fail     sign-in      it is locked\n  warn     labels       AWSPENDING is on x\n  \
             pass     description  2 versions\n  skipped  server       not reached\nnext: unlock it\\u001b[2J\n";
        assert_eq!((text.as_str(), is_ok), (expected, false));
    }

    #[test]
    fn a_report_in_which_nothing_is_wrong_says_so() {
        let report = json!({"SecretId": "app", "Status": "pass", "Worst": null, "Next": null, "Checks": []});
        assert_eq!(printed(&report), ("app\nnothing is wrong\n".into(), true));
    }

    #[test]
    fn what_is_no_report_is_not_taken_for_a_good_one() {
        for report in
            [json!(null), json!({"errorType": "Refused", "errorMessage": "set DIAGNOSIS"}), json!([])]
        {
            assert_eq!(printed(&report), (String::new(), false), "{report}");
        }
    }
}
