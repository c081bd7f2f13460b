//! A user of MySQL or MariaDB and its clone take turns; a superuser installs.

use std::process::ExitCode;

use databases::MySql;
use functions::serve;
use rotation::Strategy;

fn main() -> ExitCode {
    serve(MySql::new, Strategy::AlternatingUsers, Some(|aws| Box::new(aws.rds())))
}
