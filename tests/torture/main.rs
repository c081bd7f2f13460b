//! The torture: every function's real binary killed over and over, and rotated again, as Secrets Manager does.
//!
//! `make torture` runs it on the packaged binaries. `TORTURE="--function mysql-dual-password --kills 1000"` is about
//! that function only, and takes longer.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a report prints, and ends loudly when it cannot be written"
)]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use bed::environment::repository;
use bed::torture::{Case, Killing, Row, table};
use clap::Parser;

/// A line of progress every so many kills.
const PROGRESS: usize = 50;

/// Kills the functions in the middle of rotations, and checks that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// How often each function is killed, on each of its servers
    #[arg(long, default_value_t = 300)]
    kills: usize,
    /// Chooses the instants; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// This function only
    #[arg(long)]
    function: Option<String>,
    /// The folder with the packaged binaries (NAME/bootstrap); without it, those that cargo builds here
    #[arg(long)]
    package: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let killing = Killing { seed: arguments.seed.unwrap_or_else(now), package: arguments.package };
    println!("torture: seed {}", killing.seed);
    let mut rows = Vec::new();
    for case in Case::all().filter(|case| arguments.function.as_deref().is_none_or(|f| f == case.function)) {
        let row = case.kill(arguments.kills, &killing, &mut progress(case)).await;
        for violation in &row.violations {
            println!("VIOLATION: {} on {}: {violation}", case.function, row.engine);
        }
        rows.push(row);
    }
    report(&rows)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn progress(case: Case) -> impl FnMut(&Row) {
    let mut next = PROGRESS;
    move |row| {
        if row.cases() >= next {
            next = row.cases() + PROGRESS;
            let (kills, rotations, violations) = (row.cases(), row.rotations, row.violations.len());
            println!(
                "{} on {}: {kills} kills, {rotations} rotations, {violations} violations",
                case.function, row.engine
            );
        }
    }
}

fn report(rows: &[Row]) -> ExitCode {
    let table = table(rows);
    fs::write(repository().join("target/torture.md"), &table).expect("a file in target");
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let violations = sum(|row| row.violations.len());
    println!("\n{table}");
    println!(
        "torture: {} kills, {} rotations, {violations} violations",
        sum(Row::cases),
        sum(|row| row.rotations)
    );
    // Nothing tortured is nothing shown.
    ExitCode::from(u8::from(violations > 0 || sum(Row::cases) == 0))
}
