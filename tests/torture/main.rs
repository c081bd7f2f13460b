//! The torture: every function's real binary killed, cut off and refused, over and over, and rotated again, as Secrets
//! Manager does.
//!
//! `make torture` runs it on the packaged binaries. `TORTURE="--function mysql-dual-password --cases 1000"` is about
//! that function only, and takes longer.
#![expect(clippy::print_stdout, reason = "a report prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use bed::figures;
use bed::torture::{self, Case, Gap, Kind, Means, Row};
use clap::Parser;
use tokio::task::JoinSet;

/// A line of progress every so many faults.
const PROGRESS: usize = 50;
/// How many rotations show how long AWSCURRENT is refused where nothing goes wrong.
const ROTATIONS: usize = 20;

/// Lets faults strike the functions in the middle of rotations, and checks that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// How often each kind of fault strikes each function, on each of its servers
    #[arg(long, default_value_t = 300)]
    cases: usize,
    /// Chooses the faults; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// This function only
    #[arg(long)]
    function: Option<String>,
    /// The folder with the packaged binaries (NAME/bootstrap); without it, those that cargo builds here
    #[arg(long)]
    package: Option<PathBuf>,
    /// Puts the figures into docs/reliability.md
    #[arg(long)]
    publish: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let means = Means { seed: arguments.seed.unwrap_or_else(now), package: arguments.package };
    println!("torture: seed {}", means.seed);
    let (mut rows, mut gaps) = (Vec::new(), Vec::new());
    for case in Case::all().filter(|case| arguments.function.as_deref().is_none_or(|f| f == case.function)) {
        rows.extend(under_all(case, arguments.cases, &means).await);
        gaps.push(case.gap(ROTATIONS, means.package.as_deref()).await);
    }
    for row in &rows {
        for violation in &row.violations {
            println!("VIOLATION: {:?} on {}, {}: {violation}", row.strategy, row.engine, row.fault);
        }
    }
    report(&rows, &gaps, arguments.publish)
}

/// All kinds at once, each with applications of its own: they wait more than they work.
async fn under_all(case: Case, cases: usize, means: &Means) -> Vec<Row> {
    let mut kinds = JoinSet::new();
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        let means = means.clone();
        kinds.spawn(async move { (place, case.torture(kind, cases, &means, &mut progress(case)).await) });
    }
    let mut rows = kinds.join_all().await;
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn progress(case: Case) -> impl FnMut(&Row) {
    let mut next = PROGRESS;
    move |row| {
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
    let (table, gap_table) = (torture::table(rows), torture::gaps(gaps));
    figures::record("torture", &table, publish);
    figures::record("gap", &gap_table, publish);
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let (cases, rotations) = (sum(Row::cases), sum(|row| row.rotations));
    let refused = gaps.iter().filter(|gap| gap.is_violation()).count();
    let violations = sum(|row| row.violations.len()) + refused;
    println!("\n{table}\n{gap_table}");
    println!("torture: {cases} cases, {rotations} rotations, {violations} violations");
    // Nothing tortured is nothing shown.
    ExitCode::from(u8::from(violations > 0 || cases == 0))
}
