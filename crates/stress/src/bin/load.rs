//! The load test: a thousand secrets on each server, rotated 50 at a time under AWS's limit of writes.
//!
//! `make load` runs it on the packaged binaries. `LOAD="--secrets 100 --engine mysql"` rotates fewer secrets, on one
//! server.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report prints")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use local_aws::WRITES_PER_SECOND;
use stress::figures;
use stress::load::{Plan, Row, report, rotate, summary};
use testbed::environment::check;
use testbed::{Engine, MySql, MySqlOptions, Postgres, PostgresOptions, mysql_versions, postgres_versions};

/// How many rotations there are between two lines of progress.
const PROGRESS: usize = 100;

/// Rotates many secrets at once, and checks each.
#[derive(Parser)]
struct Arguments {
    /// How many secrets each server has
    #[arg(long, default_value_t = 1000)]
    secrets: usize,
    /// How many rotations are under way at once, at most
    #[arg(long, default_value_t = 50)]
    in_flight: usize,
    /// Rotates on this engine only: postgres or mysql
    #[arg(long)]
    engine: Option<Engine>,
    /// How many writes per second Secrets Manager admits; AWS's own limit by default
    #[arg(long, default_value_t = WRITES_PER_SECOND)]
    writes_per_second: u32,
    /// How many milliseconds are added to each call of Secrets Manager
    #[arg(long, default_value_t = 5)]
    latency: u64,
    /// Puts the figures into docs/reliability.md
    #[arg(long)]
    publish: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan {
        secrets: arguments.secrets,
        in_flight: arguments.in_flight,
        writes_per_second: arguments.writes_per_second,
        latency: Duration::from_millis(arguments.latency),
    };
    let engines = arguments.engine.map_or_else(|| Engine::ALL.to_vec(), |engine| vec![engine]);
    if let Err(error) = check(&engines) {
        eprintln!("load: {error}");
        return ExitCode::FAILURE;
    }
    let mut rows = Vec::new();
    for engine in engines {
        rows.push(match engine {
            Engine::Postgres => {
                let server = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
                rotate(server, &plan, &mut progress).await
            }
            Engine::MySql => {
                let server = MySql::start(mysql_versions()[0], MySqlOptions::default()).await;
                rotate(server, &plan, &mut progress).await
            }
        });
    }
    conclude(&rows, arguments.publish)
}

fn progress(row: &Row) {
    if row.ended.is_multiple_of(PROGRESS) {
        println!("{}: {} of {} rotations, {} retries", row.engine, row.ended, row.secrets, row.retries);
    }
}

fn conclude(rows: &[Row], publish: bool) -> ExitCode {
    for row in rows {
        for lost in &row.lost {
            println!("LOST on {}: {lost}", row.engine);
        }
        for why in &row.unfinished {
            println!("NOT ROTATED on {}: {why}", row.engine);
        }
    }
    let report = report(rows);
    figures::record("load", &format!("{report}\n`{}`", summary(rows)), publish);
    println!("\n{report}\n{}", summary(rows));
    ExitCode::from(u8::from(!rows.iter().all(Row::is_well)))
}
