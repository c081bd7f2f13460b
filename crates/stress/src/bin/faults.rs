//! Fault injection: kills every function, breaks its connections and refuses its calls, over and over, and rotates again
//! as Secrets Manager does.
//!
//! `make faults` runs it on the packaged binaries. `FAULTS="--function mysql-dual-password --kills 1000"` tests that
//! function only, with more kills.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report prints")]

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use stress::faults::{self, Case, Gap, Kind, Limits, Row};
use stress::figures;
use testbed::environment::check;
use testbed::{Engine, run_concurrently};

/// How many cases there are between two lines of progress.
const PROGRESS: usize = 50;
/// How many functions are tested at once.
const CONCURRENT: usize = 8;
/// In how many rotations without a fault sign-ins are watched. How long a gap is `make bench` measures exactly; here a sign-in can
/// take longer than a rotation.
const ROTATIONS: usize = 20;

/// Injects faults into rotations, and checks that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// How often each function is killed, on each of its servers
    #[arg(long, default_value_t = 300)]
    kills: usize,
    /// How many faults of each other kind are injected, on each server
    #[arg(long, default_value_t = 100)]
    cases: usize,
    /// The seed of the random numbers that choose the faults; a run prints its own
    #[arg(long)]
    seed: Option<u64>,
    /// Ends the run after this many minutes, even if there are fewer cases than wanted
    #[arg(long)]
    minutes: Option<u64>,
    /// Tests this function only
    #[arg(long)]
    function: Option<String>,
    /// Puts the figures into docs/reliability.md
    #[arg(long)]
    publish: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = check(&Engine::ALL) {
        eprintln!("faults: {error}");
        return ExitCode::FAILURE;
    }
    let until = arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let limits = Limits { seed: arguments.seed.unwrap_or_else(now), until };
    println!("faults: seed {}", limits.seed);
    let cases =
        || Case::all().filter(|case| arguments.function.as_deref().is_none_or(|f| f == case.function));
    let (rows, mut gaps) = (under_faults(cases(), &arguments, limits).await, Vec::new());
    for case in cases() {
        gaps.push(case.gap(ROTATIONS).await);
    }
    report(&rows, &gaps, arguments.publish)
}

/// Runs several functions at once, each with applications of its own, because they mostly wait.
async fn under_faults(cases: impl Iterator<Item = Case>, arguments: &Arguments, limits: Limits) -> Vec<Row> {
    let cases: Vec<_> = cases.enumerate().collect();
    // Runs kind by kind, with all functions of each; the report is sorted by function.
    let kinds = Kind::ALL.into_iter().enumerate();
    let all = kinds.flat_map(|kind| cases.iter().map(move |case| (kind, *case)));
    let tasks = all.map(|((second, kind), (first, case))| {
        let wanted = if kind == Kind::Kill { arguments.kills } else { arguments.cases };
        async move { ((first, second), case.faults(kind, wanted, &limits, &mut progress(case)).await) }
    });
    let mut rows = Vec::new();
    run_concurrently(CONCURRENT, tasks, |row| rows.push(row)).await;
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn progress(case: Case) -> impl FnMut(&Row) {
    let (mut next, mut printed) = (PROGRESS, 0);
    move |row| {
        for violation in &row.violations[printed..] {
            println!("VIOLATION: {} on {}, {}: {violation}", case.function, row.engine, row.fault);
        }
        printed = row.violations.len();
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
    println!("\n{table}\n{gap_table}\n{line}");
    // A run without a case shows nothing.
    ExitCode::from(u8::from(violations > 0 || cases == 0))
}
