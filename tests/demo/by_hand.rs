//! `--keep`: everything stays up, for steps by hand.

use std::{fs, io};

use bed::{OWN_KEY, STEPS, environment::repository};

use crate::{
    cast::{Engine, cast},
    events,
    stage::Stage,
};

/// Prints the commands that repeat every step of the last rotations, and waits for Enter.
pub(crate) async fn wait(stage: &Stage, engines: &[Engine]) {
    println!("\nTo repeat a step of the last rotations, which changes nothing (every step may be repeated):");
    println!("  export PATH=\"{}:$PATH\"", repository().join("target/tools/cargo-lambda/bin").display());
    let port = stage.cargo_lambda.port();
    for role in cast(engines) {
        for step in STEPS {
            let file = events::folder().join(format!("{}.{step}.json", role.function));
            let file = file.strip_prefix(repository()).unwrap_or(&file);
            let invoke = format!("cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port {port}");
            println!("  {invoke} {} --data-file {}", role.function, file.display());
        }
    }
    println!("To see the secrets, or to rotate again (`cargo run --bin local-aws -- --help` says how):");
    println!("  export LOCAL_AWS_ENDPOINT={}", stage.local_aws.url());
    println!("  export LOCAL_AWS_ACCESS_KEY={}", OWN_KEY.expose());
    for role in cast(engines).take(1) {
        println!("  cargo run --quiet --bin local-aws -- show {}", role.application);
    }
    println!("\nEverything goes on until you press Enter or Ctrl-C.");
    let enter = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new()));
    let _ = enter.await;
    let _ = fs::remove_dir_all(events::folder());
}
