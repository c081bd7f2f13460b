//! A MySQL user has two passwords at a time, and changes the older one itself.

use std::process::ExitCode;

use databases::MySql;
use functions::serve;
use rotation::Strategy;

fn main() -> ExitCode {
    serve(MySql::without_mariadb, Strategy::DualPassword, None)
}
