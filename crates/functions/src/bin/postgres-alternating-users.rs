//! A PostgreSQL user and its clone take turns; a superuser installs.

use std::process::ExitCode;

use databases::Postgres;
use functions::serve;
use rotation::AlternatingUsers;

fn main() -> ExitCode {
    serve(Postgres::new, &AlternatingUsers, Some(|aws| Box::new(aws.rds())))
}
