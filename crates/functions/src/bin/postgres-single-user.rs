//! A PostgreSQL user changes its own password.

use std::process::ExitCode;

use functions::{Engine, serve};
use rotation::SingleUser;

fn main() -> ExitCode {
    serve(Engine::Postgres, &SingleUser)
}
