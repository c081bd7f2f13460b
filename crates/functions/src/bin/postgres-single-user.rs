//! A PostgreSQL user changes its own password.

use std::process::ExitCode;

use databases::Postgres;
use functions::serve;
use rotation::Strategy;

fn main() -> ExitCode {
    serve(Postgres::new, Strategy::SingleUser, Some(|aws| Box::new(aws.rds())))
}
