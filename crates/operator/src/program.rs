//! How each program runs and ends.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use rotation::PasswordsInUse;

use crate::logs;

/// Runs `work`; `program` begins each line of its log, and of why it failed. Neither repeats a password in use.
pub(crate) async fn run<F: fmt::Display>(
    program: &'static str,
    work: impl AsyncFnOnce(&PasswordsInUse) -> Result<(), F>,
) -> ExitCode {
    let passwords = Arc::new(PasswordsInUse::default());
    logs::start(program, &passwords);
    match work(&passwords).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{program}: {}", passwords.message(&failure.to_string()));
            ExitCode::FAILURE
        }
    }
}
