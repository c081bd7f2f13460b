//! `--keep`: everything stays up, for steps by hand.

use std::{fs, io};

use testbed::{OWN_KEY, STEPS, environment::repository};

use crate::{
    environment::Environment,
    events,
    scenarios::{Engine, scenarios},
};

/// Prints the commands that repeat every step of the last rotations, and waits for Enter.
pub(crate) async fn wait(environment: &Environment, engines: &[Engine]) {
    println!("\nTo repeat a step of the last rotations, which changes nothing (every step may be repeated):");
    println!("  export PATH=\"{}:$PATH\"", repository().join("target/tools/cargo-lambda/bin").display());
    let port = environment.cargo_lambda.port();
    for scenario in scenarios(engines) {
        for step in STEPS {
            let file = events::folder().join(format!("{}.{step}.json", scenario.function));
            let file = file.strip_prefix(repository()).unwrap_or(&file);
            let invoke = format!("cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port {port}");
            println!("  {invoke} {} --data-file {}", scenario.function, file.display());
        }
    }
    println!("To see the secrets, or to rotate again (`cargo run --bin local-aws -- --help` says how):");
    println!("  export LOCAL_AWS_ENDPOINT={}", environment.local_aws.url());
    println!("  export LOCAL_AWS_ACCESS_KEY={}", OWN_KEY.expose());
    for scenario in scenarios(engines).take(1) {
        println!("  cargo run --quiet --bin local-aws -- show {}", scenario.application);
    }
    println!("\nEverything goes on until you press Enter or Ctrl-C.");
    let create = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new()));
    let _ = create.await;
    let _ = fs::remove_dir_all(events::folder());
}
