//! The demo: an application for each function, on real servers, each rotated three times, step by step.
//!
//! `make demo` runs it. With `DEMO=--keep` everything stays up afterwards, for steps by hand; `DEMO="--engine mysql"`
//! is about that engine only. With `DEMO=--late` the second and the third rotation of each meet a server that comes late.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a demo prints, and ends loudly when a part of it does not start"
)]

mod environment;
mod events;
mod manual_remedy;
mod observer;
mod scenarios;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use environment::Environment;
use scenarios::{Engine, scenarios};
use testbed::FaultProxy;
use testbed::fault_proxy::Fault;
use tokio::time::Instant;

const ROTATIONS: usize = 3;

/// What the server is like in this rotation.
fn comes_late(proxy: &FaultProxy, number: usize) {
    let (seconds, does, fault): (_, _, fn(Instant) -> Fault) = match number {
        2 => (20, "holds", Fault::HeldUntil),
        3 => (13, "resets", Fault::ResetUntil),
        _ => return,
    };
    println!("  the server {does} connections for {seconds} s");
    proxy.becomes(fault(Instant::now() + Duration::from_secs(seconds)));
}

/// Rotates a secret by each function, on real servers.
#[derive(Parser)]
struct Arguments {
    /// Leave everything up afterwards, for steps by hand
    #[arg(long)]
    keep: bool,
    /// This engine's functions only
    #[arg(long)]
    engine: Option<Engine>,
    /// Hold connections for 20 s in each second rotation, and reset them for 13 s in each third, as a cluster does that
    /// resumes or fails over
    #[arg(long)]
    late: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let engines = arguments.engine.map_or_else(|| Engine::ALL.to_vec(), |engine| vec![engine]);
    let environment = Environment::set_up(&engines).await;
    let (mut done, mut failed, mut proxies) = (0, 0, Vec::new());
    for scenario in scenarios(&engines) {
        let proxy = environment.proxy_to(scenario.engine).await;
        let secret_id = scenario.create(&environment, proxy.port()).await;
        for number in 1..=ROTATIONS {
            show::title(scenario, number, ROTATIONS);
            if arguments.late {
                comes_late(&proxy, number);
            }
            let problems = environment.rotate(&secret_id, scenario).await;
            show::problems(&problems);
            done += 1;
            failed += usize::from(!problems.is_empty());
        }
        proxies.push(proxy);
    }
    if arguments.keep {
        manual_remedy::wait(&environment, &engines).await;
    }
    println!("demo: {done} rotations, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
