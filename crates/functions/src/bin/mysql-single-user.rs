//! A user of MySQL or MariaDB changes its own password.

use std::process::ExitCode;

use databases::MySql;
use functions::serve;
use rotation::Strategy;

fn main() -> ExitCode {
    serve(MySql::new, Strategy::SingleUser, Some(|aws| Box::new(aws.rds())))
}
