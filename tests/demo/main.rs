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

mod by_hand;
mod cast;
mod events;
mod observer;
mod show;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use bed::Wire;
use bed::wire::Fault;
use cast::{Engine, cast};
use clap::Parser;
use stage::Stage;
use tokio::time::Instant;

const ROTATIONS: usize = 3;

/// What the server is like in this rotation.
fn comes_late(wire: &Wire, number: usize) {
    let (seconds, does, fault): (_, _, fn(Instant) -> Fault) = match number {
        2 => (20, "holds", Fault::HeldUntil),
        3 => (13, "resets", Fault::ResetUntil),
        _ => return,
    };
    println!("  the server {does} connections for {seconds} s");
    wire.becomes(fault(Instant::now() + Duration::from_secs(seconds)));
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
    let stage = Stage::set_up(&engines).await;
    let (mut done, mut failed, mut wires) = (0, 0, Vec::new());
    for role in cast(&engines) {
        let wire = stage.wire_to(role.engine).await;
        let secret_id = role.enter(&stage, wire.port()).await;
        for number in 1..=ROTATIONS {
            show::title(role, number, ROTATIONS);
            if arguments.late {
                comes_late(&wire, number);
            }
            let problems = stage.rotate(&secret_id, role).await;
            show::problems(&problems);
            done += 1;
            failed += usize::from(!problems.is_empty());
        }
        wires.push(wire);
    }
    if arguments.keep {
        by_hand::wait(&stage, &engines).await;
    }
    println!("demo: {done} rotations, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
