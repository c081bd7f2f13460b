//! The fleet: a thousand secrets on each server, rotated 50 at a time under AWS's limit of writes.
//!
//! `make load` runs it on the packaged binaries. `LOAD="--secrets 100 --engine mysql"` is about fewer secrets, on
//! one server.
#![expect(clippy::print_stdout, reason = "a report prints")]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use local_aws::WRITES_PER_SECOND;
use stress::figures;
use stress::load::{Plan, Row, report, rotate, summary};
use testbed::{MySql, MySqlOptions, Postgres, PostgresOptions, mysql_versions, postgres_versions};

/// A line of progress every so many rotations.
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
    /// On this engine only
    #[arg(long)]
    engine: Option<Engine>,
    /// How many writes Secrets Manager admits a second; AWS's own limit unless given
    #[arg(long, default_value_t = WRITES_PER_SECOND)]
    writes_per_second: u32,
    /// Milliseconds that each call of Secrets Manager takes longer than it does here
    #[arg(long, default_value_t = 5)]
    latency: u64,
    /// Puts the figures into docs/reliability.md
    #[arg(long)]
    publish: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Engine {
    Postgres,
    Mysql,
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
    let wants = |engine| arguments.engine.is_none_or(|only| only == engine);
    let mut rows = Vec::new();
    if wants(Engine::Postgres) {
        let server = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
        rows.push(rotate(server, &plan, &mut progress).await);
    }
    if wants(Engine::Mysql) {
        let server = MySql::start(mysql_versions()[0], MySqlOptions::default()).await;
        rows.push(rotate(server, &plan, &mut progress).await);
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
