//! The benchmark: how long a rotation takes and what it costs, compared with a function that does nothing and, with
//! `--peer`, with another implementation.
//!
//! `make bench` runs it on the packaged binaries. `BENCH="--function postgres-single-user --rotations 50"` measures that
//! function only, with more rotations. docs/performance.md says what is measured, and what a peer must provide.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report prints")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use stress::bench::{FUNCTIONS, Plan, Report, Scope, Share, gap, json, page, picture, run, table, with_gap};
use testbed::environment::repository;

/// Measures rotations, and what they cost.
#[derive(Parser)]
struct Arguments {
    /// How many rotations of each implementation are measured, under each condition
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    rotations: u16,
    /// Measures this function only; may be repeated
    #[arg(long, value_parser = FUNCTIONS)]
    function: Vec<String>,
    /// Milliseconds added to each call of AWS's APIs, each in turn
    #[arg(long, value_delimiter = ',', default_value = "0,5")]
    api: Vec<u64>,
    /// Milliseconds added to each message to the database, each in turn
    #[arg(long, value_delimiter = ',', default_value = "0,1")]
    database: Vec<u64>,
    /// Milliseconds between two steps under which the gap of single user is measured, each in turn
    #[arg(long, value_delimiter = ',', default_value = "0,20")]
    pause: Vec<u64>,
    /// Leaves out what is measured at a fourteenth of a core, as Lambda gives it to 128 MB
    #[arg(long)]
    whole_core: bool,
    /// Measures only the gap of single user, and publishes only its section
    #[arg(long)]
    gap_only: bool,
    /// A folder with another implementation: executables `bootstrap-FUNCTION`, or one `bootstrap`
    #[arg(long)]
    peer: Option<PathBuf>,
    /// The folder for bench.json, performance.md and performance.svg; target/bench by default
    #[arg(long)]
    output: Option<PathBuf>,
    /// Puts the page and its picture into docs
    #[arg(long)]
    publish: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scope = scope(&arguments);
    let report = match run(&plan(&arguments), &mut |line| println!("{line}")).await {
        Ok(report) => report,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("\n{}\n{}", table(&report), gap(&report));
    if let Some(why) = &report.no_limit {
        println!("NO FIGURES FOR 128 MB: this machine does not let us limit a process's CPU ({why})");
    }
    let output = arguments.output.unwrap_or_else(|| repository().join("target/bench"));
    let docs = repository().join("docs");
    let docs = arguments.publish.then_some(docs.as_path());
    let written = match scope {
        Scope::All => write(&report, &output, docs),
        Scope::Gap => write_gap(&report, &output, docs),
    };
    match written {
        Ok(()) => {
            let rows = report.rows.len() + report.gaps.len();
            println!("bench: {rows} rows, in {}", output.join("bench.json").display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!(
                "bench: cannot write the figures: {error}\nwhat to do: name another folder with --output"
            );
            ExitCode::FAILURE
        }
    }
}

fn plan(arguments: &Arguments) -> Plan {
    let all = || FUNCTIONS.map(str::to_owned).to_vec();
    let delays = |ms: &[u64]| ms.iter().copied().map(Duration::from_millis).collect();
    let shares =
        if arguments.whole_core { vec![Share::Whole] } else { vec![Share::Whole, Share::Fourteenth] };
    Plan {
        scope: scope(arguments),
        functions: if arguments.function.is_empty() { all() } else { arguments.function.clone() },
        rotations: arguments.rotations.into(),
        api: delays(&arguments.api),
        database: delays(&arguments.database),
        shares,
        pauses: delays(&arguments.pause),
        peer: arguments.peer.clone(),
    }
}

fn scope(arguments: &Arguments) -> Scope {
    if arguments.gap_only { Scope::Gap } else { Scope::All }
}

fn write(report: &Report, output: &Path, docs: Option<&Path>) -> io::Result<()> {
    std::fs::create_dir_all(output)?;
    std::fs::write(output.join("bench.json"), format!("{:#}\n", json(report)))?;
    for folder in [Some(output), docs].into_iter().flatten() {
        std::fs::write(folder.join("performance.md"), page(report))?;
        std::fs::write(folder.join("performance.svg"), picture(report))?;
    }
    Ok(())
}

/// Only what a run of the gap alone has.
fn write_gap(report: &Report, output: &Path, docs: Option<&Path>) -> io::Result<()> {
    std::fs::create_dir_all(output)?;
    std::fs::write(output.join("bench.json"), format!("{:#}\n", json(report)))?;
    std::fs::write(output.join("gap.md"), format!("{}\n", gap(report)))?;
    let Some(page) = docs.map(|docs| docs.join("performance.md")) else { return Ok(()) };
    let text = std::fs::read_to_string(&page)?;
    let text =
        with_gap(&text, report).ok_or_else(|| io::Error::other("the page has no place for the gap"))?;
    std::fs::write(page, text)
}
