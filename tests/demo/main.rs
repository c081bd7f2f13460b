//! The demo: an application for each function, on real servers, each rotated three times, step by step.
//!
//! `make demo` runs it. With `DEMO=--keep` everything stays up afterwards, for steps by hand; `DEMO="--engine mysql"`
//! is about that engine only.
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

use cast::{Engine, cast};
use clap::Parser;
use stage::Stage;

const ROTATIONS: usize = 3;

/// Rotates a secret by each function, on real servers.
#[derive(Parser)]
struct Arguments {
    /// Leave everything up afterwards, for steps by hand
    #[arg(long)]
    keep: bool,
    /// This engine's functions only
    #[arg(long)]
    engine: Option<Engine>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let engines = arguments.engine.map_or_else(|| Engine::ALL.to_vec(), |engine| vec![engine]);
    let stage = Stage::set_up(&engines).await;
    let (mut done, mut failed) = (0, 0);
    for role in cast(&engines) {
        let secret_id = role.enter(&stage).await;
        for number in 1..=ROTATIONS {
            show::title(role, number, ROTATIONS);
            let problems = stage.rotate(&secret_id, role).await;
            show::problems(&problems);
            done += 1;
            failed += usize::from(!problems.is_empty());
        }
    }
    if arguments.keep {
        by_hand::wait(&stage, &engines).await;
    }
    println!("demo: {done} rotations, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
