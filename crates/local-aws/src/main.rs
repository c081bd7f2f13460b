//! The program `local-aws`: serves, and rotates secrets on demand.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    local_aws::cli::run().await
}
