//! The demo: two applications on a real server, each rotated three times by the real functions, step by step.
//!
//! `make demo` runs it. With `DEMO=--keep` everything stays up afterwards, for steps by hand.
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

use cast::CAST;
use stage::Stage;

const ROTATIONS: usize = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let keep = std::env::args().skip(1).any(|argument| argument == "--keep");
    let stage = Stage::set_up().await;
    let (mut done, mut failed) = (0, 0);
    for role in CAST {
        let secret_id = role.enter(&stage).await;
        for number in 1..=ROTATIONS {
            show::title(role, number, ROTATIONS);
            let problems = stage.rotate(&secret_id, role).await;
            show::problems(&problems);
            done += 1;
            failed += usize::from(!problems.is_empty());
        }
    }
    if keep {
        by_hand::wait(&stage).await;
    }
    println!("demo: {done} rotations, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
