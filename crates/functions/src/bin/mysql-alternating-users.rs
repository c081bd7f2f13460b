//! A user of MySQL or MariaDB and its clone take turns; a superuser installs.

use std::process::ExitCode;

use functions::{Engine, serve};
use rotation::AlternatingUsers;

fn main() -> ExitCode {
    serve(Engine::MySqlOrMariaDb, &AlternatingUsers)
}
