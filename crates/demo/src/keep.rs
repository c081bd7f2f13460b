//! `--keep`: everything keeps running, so that a reader can repeat single steps.

use std::{fs, io};

use testbed::{Engine, OWN_KEY, STEPS, environment::repository};

use crate::{environment::Environment, events, scenarios::scenarios};

/// Prints the commands that repeat every step of the last rotations, and waits for Enter.
pub(crate) async fn wait(environment: &Environment, engines: &[Engine]) {
    println!(
        "\nTo repeat a step of the last rotations (every step may be repeated, and changes nothing then):"
    );
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
    println!("To see the secrets, or to rotate again (see `cargo run --bin local-aws -- --help`):");
    println!("  export LOCAL_AWS_ENDPOINT={}", environment.local_aws.url());
    println!("  export LOCAL_AWS_ACCESS_KEY={}", OWN_KEY.expose());
    for scenario in scenarios(engines).take(1) {
        println!("  cargo run --quiet --bin local-aws -- show {}", scenario.application);
    }
    println!("\nEverything runs until you press Enter or Ctrl-C.");
    let enter = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new()));
    let _ = enter.await;
    let _ = fs::remove_dir_all(events::folder());
}
