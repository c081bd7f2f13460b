//! Rotates by every function on every server, and counts failures: whether packaged functions work at all, for example on
//! another processor.
//!
//! `make test-arm64` runs it, on functions for arm64 under emulation.
#![expect(clippy::print_stdout, reason = "a report prints")]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use testbed::{Application, ChangedBy, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions};

/// The timeout of the functions in the template.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Rotates by every function, and checks after every rotation which versions sign in.
#[derive(Parser)]
struct Arguments {
    /// How many rotations each function makes, on each of its servers
    #[arg(long, default_value_t = 6)]
    each: usize,
}

/// A function on a server.
struct Row {
    function: &'static str,
    server: String,
    rotations: usize,
    failed: usize,
    elapsed: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut rows = Vec::new();
    for version in postgres_versions() {
        rotate(Postgres::shared(version).await, arguments.each, &mut rows).await;
    }
    for version in mysql_versions() {
        rotate(MySql::shared(version).await, arguments.each, &mut rows).await;
    }
    report(&rows)
}

/// Every second rotation starts a new process.
async fn rotate<S: Server>(server: &S, each: usize, rows: &mut Vec<Row>) {
    for setup in server.setups().into_iter().filter(|setup| setup.changed_by == ChangedBy::Superuser) {
        let function = setup.function;
        let application = Application::start(server, Setup { timeout: TIMEOUT, ..setup }).await;
        if function.ends_with("dual-password") {
            server.allow_two_passwords(&application.app).await;
        }
        let (mut failed, began) = (0, Instant::now());
        for number in 1..=each {
            if let Err(why) = rotate_once(&application, function).await {
                println!("FAILED: {function} on {}, rotation {number}: {why}", server.name());
                failed += 1;
            }
            if number % 2 == 0 {
                application.functions.kill(function).await;
            }
        }
        rows.push(Row { function, server: server.name(), rotations: each, failed, elapsed: began.elapsed() });
    }
}

async fn rotate_once<S: Server>(application: &Application<'_, S>, function: &str) -> Result<(), String> {
    let before = application.credentials("AWSCURRENT").await;
    let rotation = application.rotate().await;
    if !rotation.succeeded {
        let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
        let step = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step, error)));
        let step = step.map_or_else(
            || "no step was run".to_owned(),
            |(step, error)| format!("{step}: {}", error.message),
        );
        let output = application.output();
        return Err(format!("{step}; its output ends with: {}", output.lines().last().unwrap_or("nothing")));
    }
    if application.credentials("AWSCURRENT").await == before {
        return Err("AWSCURRENT has not changed".to_owned());
    }
    if application.credentials("AWSPREVIOUS").await != before {
        return Err("AWSPREVIOUS is not the version that was current before".to_owned());
    }
    if !application.signs_in("AWSCURRENT").await {
        return Err("AWSCURRENT does not sign in".to_owned());
    }
    match application.signs_in("AWSPREVIOUS").await {
        true if function.ends_with("single-user") => Err("AWSPREVIOUS still signs in".to_owned()),
        false if !function.ends_with("single-user") => Err("AWSPREVIOUS does not sign in".to_owned()),
        _ => Ok(()),
    }
}

fn report(rows: &[Row]) -> ExitCode {
    println!("\n{:28}{:16}{:>10}{:>8}{:>10}", "function", "server", "rotations", "failed", "seconds");
    for Row { function, server, rotations, failed, elapsed } in rows {
        println!("{function:28}{server:16}{rotations:>10}{failed:>8}{:>10.1}", elapsed.as_secs_f64());
    }
    let functions: BTreeSet<_> = rows.iter().map(|row| row.function).collect();
    let rotations: usize = rows.iter().map(|row| row.rotations).sum();
    let failed: usize = rows.iter().map(|row| row.failed).sum();
    println!("\nrotations: {} functions, {rotations} rotations, {failed} failed", functions.len());
    // A run without a rotation shows nothing.
    ExitCode::from(u8::from(failed > 0 || rotations == 0))
}
