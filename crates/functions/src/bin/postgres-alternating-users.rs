//! A PostgreSQL user and its clone take turns; a superuser installs.

use std::process::ExitCode;

use functions::{Engine, serve};
use rotation::AlternatingUsers;

fn main() -> ExitCode {
    serve(Engine::Postgres, &AlternatingUsers)
}
