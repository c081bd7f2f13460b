//! A user of MySQL or MariaDB changes its own password.

use std::process::ExitCode;

use functions::{Engine, serve};
use rotation::SingleUser;

fn main() -> ExitCode {
    serve(Engine::MySqlOrMariaDb, &SingleUser)
}
