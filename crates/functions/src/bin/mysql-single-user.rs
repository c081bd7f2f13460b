//! A user of MySQL or MariaDB changes its own password.

use std::process::ExitCode;

use aws::Aws;
use databases::MySql;
use functions::serve;
use rotation::SingleUser;

fn main() -> ExitCode {
    serve(MySql::new, &SingleUser, Some(Aws::rds))
}
