//! The demo: an application for each function, on real servers, whose secret is rotated three times, step by step.
//!
//! `make demo` runs it. `DEMO=--keep` keeps the servers running afterwards and prints commands that repeat single steps;
//! `DEMO="--engine mysql"` demonstrates that engine only; `DEMO=--late` delays or resets connections to the servers in
//! the second and the third rotation of each secret.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a demo prints, and ends with a message when a part of it does not start"
)]

mod environment;
mod events;
mod keep;
mod observer;
mod scenarios;
mod servers;
mod show;
mod version;

use std::{
    panic,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Parser;
use testbed::{
    CargoLambda, Engine, FaultProxy,
    environment::{EnvironmentError, check},
    fault_proxy::Fault,
};
use tokio::{runtime::Runtime, time::Instant};

use environment::Environment;
use scenarios::scenarios;

const ROTATIONS: usize = 3;
/// The exit status of a program that SIGINT ended, as shells report it.
const INTERRUPTED: u8 = 130;
/// How long the parts of the demo may take to stop.
const STOP: Duration = Duration::from_secs(5);

/// Rotates a secret by each function, on real servers.
#[derive(Parser)]
struct Arguments {
    /// Keep everything running afterwards, and print commands that repeat single steps
    #[arg(long)]
    keep: bool,
    /// Only the functions for this engine: postgres or mysql
    #[arg(long)]
    engine: Option<Engine>,
    /// Hold connections for 20 s in the second rotation of each secret, and reset them for 13 s in the third, as a
    /// cluster does that resumes or fails over
    #[arg(long)]
    late: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);
    panic::set_hook(Box::new(|panic| {
        // Ctrl-C also reaches the programs that prepare a server, and the demo must not report that they ended.
        if !IS_INTERRUPTED.load(Ordering::SeqCst) {
            eprintln!("demo: {}", panic.payload_as_str().unwrap_or("failed"));
        }
    }));
    let runtime = Runtime::new().expect("the asynchronous runtime starts");
    let status = runtime.block_on(async {
        let mut demo = tokio::spawn(demonstrate(arguments));
        tokio::select! {
            ended = &mut demo => match ended {
                Ok(Ok(failed)) => u8::from(failed > 0),
                Ok(Err(error)) => {
                    eprintln!("demo: {error}");
                    1
                }
                // The hook has printed why.
                Err(_) => 1,
            },
            _ = tokio::signal::ctrl_c() => {
                IS_INTERRUPTED.store(true, Ordering::SeqCst);
                eprintln!("\ndemo: interrupted, the servers are stopped");
                demo.abort();
                INTERRUPTED
            }
        }
    });
    // Drops the servers. A task that reads from the terminal would never end.
    runtime.shutdown_timeout(STOP);
    ExitCode::from(status)
}

/// Runs the demo, and returns how many rotations failed.
async fn demonstrate(arguments: Arguments) -> Result<usize, EnvironmentError> {
    let engines = arguments.engine.map_or_else(|| Engine::ALL.to_vec(), |engine| vec![engine]);
    check(&engines)?;
    CargoLambda::check()?;
    let environment = Environment::start(&engines).await;
    println!("\n{}", show::LEGEND);
    let (mut done, mut failed, mut proxies) = (0, 0, Vec::new());
    for scenario in scenarios(&engines) {
        let proxy = environment.proxy_to(scenario.engine).await;
        let secret_id = environment.create_application(scenario, proxy.port()).await;
        for number in 1..=ROTATIONS {
            println!("\n{}", show::title(scenario, &environment.server_of(scenario), number, ROTATIONS));
            if arguments.late {
                delay_connections(&proxy, number);
            }
            let problems = environment.rotate(&secret_id, scenario).await;
            print!("{}", show::problems(&problems));
            done += 1;
            failed += usize::from(!problems.is_empty());
        }
        proxies.push(proxy);
    }
    if arguments.keep {
        keep::wait(&environment, &engines).await;
    }
    println!("\ndemo: {done} rotations, {failed} failed");
    if failed == 0 {
        println!("\n{}", show::NEXT);
    }
    Ok(failed)
}

/// Holds or resets the connections of the rotation with this number.
fn delay_connections(proxy: &FaultProxy, number: usize) {
    let (seconds, what, fault): (_, _, fn(Instant) -> Fault) = match number {
        2 => (20, "holds", Fault::HeldUntil),
        3 => (13, "resets", Fault::ResetUntil),
        _ => return,
    };
    println!("  the server {what} connections for {seconds} s");
    proxy.becomes(fault(Instant::now() + Duration::from_secs(seconds)));
}
