//! The torture: every function's real binary killed, cut off and refused, over and over, and rotated again, as Secrets
//! Manager does.
//!
//! `make faults` runs it on the packaged binaries. `FAULTS="--function mysql-dual-password --kills 1000"` is about
//! that function only, and takes longer.
#![expect(clippy::print_stdout, reason = "a report prints")]

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use stress::faults::{self, Case, Gap, Kind, Means, Row};
use stress::figures;
use testbed::at_once;

/// A line of progress every so many faults.
const PROGRESS: usize = 50;
/// How many functions are tortured at a time.
const AT_ONCE: usize = 8;
/// How many rotations show how long AWSCURRENT is refused where nothing goes wrong.
const ROTATIONS: usize = 20;

/// Lets faults strike the functions in the middle of rotations, and checks that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// How often each function is killed, on each of its servers
    #[arg(long, default_value_t = 300)]
    kills: usize,
    /// How often each other kind of fault strikes
    #[arg(long, default_value_t = 100)]
    cases: usize,
    /// Chooses the faults; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// Ends after so long, whatever has been reached by then
    #[arg(long)]
    minutes: Option<u64>,
    /// This function only
    #[arg(long)]
    function: Option<String>,
    /// Puts the figures into docs/reliability.md
    #[arg(long)]
    publish: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let until = arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let means = Means { seed: arguments.seed.unwrap_or_else(now), until };
    println!("faults: seed {}", means.seed);
    let cases =
        || Case::all().filter(|case| arguments.function.as_deref().is_none_or(|f| f == case.function));
    let (rows, mut gaps) = (under_faults(cases(), &arguments, means).await, Vec::new());
    for case in cases() {
        gaps.push(case.gap(ROTATIONS).await);
    }
    report(&rows, &gaps, arguments.publish)
}

/// Several at once, each with applications of its own: they wait more than they work.
async fn under_faults(cases: impl Iterator<Item = Case>, arguments: &Arguments, means: Means) -> Vec<Row> {
    let cases: Vec<_> = cases.enumerate().collect();
    // Kind by kind, each of all functions; the report has it function by function.
    let kinds = Kind::ALL.into_iter().enumerate();
    let all = kinds.flat_map(|kind| cases.iter().map(move |case| (kind, *case)));
    let tasks = all.map(|((second, kind), (first, case))| {
        let strikes = if kind == Kind::Kill { arguments.kills } else { arguments.cases };
        async move { ((first, second), case.faults(kind, strikes, &means, &mut progress(case)).await) }
    });
    let mut rows = Vec::new();
    at_once(AT_ONCE, tasks, |row| rows.push(row)).await;
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn progress(case: Case) -> impl FnMut(&Row) {
    let (mut next, mut told) = (PROGRESS, 0);
    move |row| {
        for violation in &row.violations[told..] {
            println!("VIOLATION: {} on {}, {}: {violation}", case.function, row.engine, row.fault);
        }
        told = row.violations.len();
        if row.cases() >= next {
            next = row.cases() + PROGRESS;
            let (cases, rotations, violations) = (row.cases(), row.rotations, row.violations.len());
            println!(
                "{} on {}, {}: {cases} cases, {rotations} rotations, {violations} violations",
                case.function, row.engine, row.fault
            );
        }
    }
}

fn report(rows: &[Row], gaps: &[Gap], publish: bool) -> ExitCode {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let (cases, rotations) = (sum(Row::cases), sum(|row| row.rotations));
    let refused = gaps.iter().filter(|gap| gap.is_violation()).count();
    let violations = sum(|row| row.violations.len()) + refused;
    let line = format!("faults: {cases} cases, {rotations} rotations, {violations} violations");
    let (table, gap_table) = (faults::table(rows), faults::gaps(gaps));
    figures::record("faults", &format!("{table}\n`{line}`\n"), publish);
    figures::record("gap", &gap_table, publish);
    println!("\n{table}\n{gap_table}\n{line}");
    // Nothing tortured is nothing shown.
    ExitCode::from(u8::from(violations > 0 || cases == 0))
}
