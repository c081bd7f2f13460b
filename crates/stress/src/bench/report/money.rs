//! What a rotation costs on AWS. Prices of us-east-1 for `x86_64`, without free tier and discounts.

use std::fmt::Write;

use super::{Report, Row};
use crate::bench::{ProcessAge, Share};

/// When the prices were looked up.
const PRICES_OF: &str = "September 2026";
/// USD per GB-second of `x86_64` (<https://aws.amazon.com/lambda/pricing/>).
const LAMBDA_GB_SECOND: f64 = 0.000_016_666_7;
/// USD per invocation (the same page: 0.20 USD a million).
const LAMBDA_REQUEST: f64 = 0.20 / 1e6;
/// USD per call (<https://aws.amazon.com/secrets-manager/pricing/>: 0.05 USD for 10,000).
const API_CALL: f64 = 0.05 / 10_000.0;
/// The memory of a function of 128 MB, in GB.
const MEMORY: f64 = 0.125;
/// How many invocations a rotation has.
const STEPS: f64 = 4.0;

/// A Markdown table of what was measured at a fourteenth of a core. `None` if nothing was.
pub(super) fn money(report: &Report) -> Option<String> {
    let mut text = "| function | implementation | process | Lambda time billed, ms | Lambda time | invocations | calls of \
                    Secrets Manager | in all |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let mut rows = 0;
    for function in report.functions() {
        for process in [ProcessAge::Cold, ProcessAge::Warm] {
            let condition = report.longest(process, Share::Fourteenth)?;
            for implementation in ["ours", "peer"] {
                let Some(row) = report.find(function, implementation, condition) else { continue };
                text.push_str(&line(row)?);
                rows += 1;
            }
        }
    }
    let source = format!(
        "\nUSD for a million rotations, at the prices of {PRICES_OF} in us-east-1 \
         (https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/secrets-manager/pricing/): {LAMBDA_GB_SECOND:.10} \
         a GB-second of x86_64, 0.20 a million invocations, 0.05 for 10,000 calls. Each step is billed in whole \
         milliseconds; so is the start, since August 2025. Not in it: what the secret itself costs a month, logs, the network.\n"
    );
    (rows > 0).then(|| text + &source)
}

fn line(row: &Row) -> Option<String> {
    let (billed, calls) = (row.median("billed_ms")?, row.median("api_calls")?);
    let time = billed / 1000.0 * MEMORY * LAMBDA_GB_SECOND * 1e6;
    let (requests, calls) = (STEPS * LAMBDA_REQUEST * 1e6, calls * API_CALL * 1e6);
    let mut text = String::new();
    let (function, implementation, process) =
        (&row.function, row.implementation, row.condition.process.name());
    let _ = writeln!(
        text,
        "| {function} | {implementation} | {process} | {billed:.0} | {time:.2} | {requests:.2} | {calls:.2} | {:.2} |",
        time + requests + calls
    );
    Some(text)
}
