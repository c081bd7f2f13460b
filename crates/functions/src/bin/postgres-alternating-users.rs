//! A PostgreSQL user and its clone take turns; a superuser installs.

use std::process::ExitCode;

use databases::Postgres;
use functions::serve;
use rotation::Strategy;

fn main() -> ExitCode {
    serve(Postgres::new, Strategy::AlternatingUsers, Some(|aws| Box::new(aws.rds())))
}
