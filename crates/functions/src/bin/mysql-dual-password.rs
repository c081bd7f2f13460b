//! A MySQL user has two passwords at a time, and changes the older one itself.

use std::process::ExitCode;

use functions::{Engine, serve};
use rotation::DualPassword;

fn main() -> ExitCode {
    serve(Engine::MySql, &DualPassword)
}
