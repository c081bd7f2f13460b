//! A user of MySQL or MariaDB changes its own password.

use std::process::ExitCode;

use databases::MySql;
use functions::serve;
use rotation::SingleUser;

fn main() -> ExitCode {
    serve(MySql::new, &SingleUser, Some(|aws| Box::new(aws.rds())))
}
