//! Draws a picture of every strategy, from rotations on real servers.
//!
//! `make timeline` runs it. `TIMELINE="--mode single-user"` records that one only, `TIMELINE=--draw` draws again what was
//! recorded.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report prints")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use stress::timeline::{MODES, Mode, Plan, Recording, picture, record, summary, table, title, with_table};
use testbed::environment::repository;

/// The page with the table.
const PAGE: &str = "docs/strategies.md";

/// Records rotations, and draws them into docs/timeline.
#[derive(Parser)]
struct Arguments {
    /// Records this mode only, by the name of its files; may be repeated
    #[arg(long, value_parser = MODES.map(|mode| mode.file))]
    mode: Vec<String>,
    /// Records nothing: draws again what docs/timeline has
    #[arg(long, conflicts_with = "mode")]
    draw: bool,
    /// How many rotations are recorded
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    rotations: u8,
    /// Milliseconds by which each call of Secrets Manager is delayed
    #[arg(long, default_value_t = 100)]
    delay: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan { rotations: arguments.rotations.into(), delay: Duration::from_millis(arguments.delay) };
    let folder = repository().join("docs/timeline");
    let is_chosen = |mode: &Mode| {
        !arguments.draw
            && (arguments.mode.is_empty() || arguments.mode.iter().any(|chosen| chosen == mode.file))
    };
    for mode in MODES.iter().filter(|mode| is_chosen(mode)) {
        let recording = record(mode, plan).await;
        println!("{}\n  {}", title(&recording), summary(&recording));
        if let Err(error) = write(&folder.join(format!("{}.json", mode.file)), &recording.text()) {
            return failed(&error);
        }
    }
    match draw(&folder) {
        Ok(drawn) => {
            println!("timeline: {drawn} pictures in {}, and the table of {PAGE}", folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

/// Draws every mode. Returns how many.
fn draw(folder: &Path) -> Result<usize, String> {
    let mut recordings = Vec::new();
    for mode in MODES {
        let file = folder.join(format!("{}.json", mode.file));
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("{} has no recording in {}: {error}", mode.name, file.display()))?;
        let recording = Recording::parse(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        write(&file.with_extension("svg"), &picture(&recording))?;
        recordings.push(recording);
    }
    let page = repository().join(PAGE);
    let text = fs::read_to_string(&page).map_err(|error| format!("{PAGE}: {error}"))?;
    let text = with_table(&text, &table(&recordings)).ok_or(format!("{PAGE} has no place for the table"))?;
    write(&page, &text)?;
    Ok(recordings.len())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let folder = file.parent().unwrap_or(file);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(file, text));
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn failed(error: &str) -> ExitCode {
    eprintln!("timeline: {error}\nwhat to do: run `make timeline`, which records every mode");
    ExitCode::FAILURE
}
