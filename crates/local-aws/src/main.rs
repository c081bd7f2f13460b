//! `local-aws`: serve, and try rotations by hand.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    local_aws::cli::run().await
}
