//! A PostgreSQL user changes its own password.

use std::process::ExitCode;

use aws::Aws;
use databases::Postgres;
use functions::serve;
use rotation::SingleUser;

fn main() -> ExitCode {
    serve(Postgres::new, &SingleUser, Some(Aws::rds))
}
