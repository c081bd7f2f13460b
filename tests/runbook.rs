//! The procedures of the runbook, run as the pages print them: the shell's commands with the AWS CLI, SQL as an administrator. Only
//! users and hosts are replaced by those of the test.

mod address;
mod administrator;
mod copies;
mod desk;
mod moving;
mod overdue;
mod pending;
mod recovery;
mod schedules;
mod section;

use testbed::{MySql, Postgres, mysql_versions, postgres_versions};

use administrator::Administrated;
use desk::{Desk, error_of};
use section::Section;
pub(crate) use section::sections;

const OPERATIONS: &str = "docs/operations.md";
const MOVING: &str = "docs/moving.md";
const RECOVERY: &str = "docs/recovery.md";

async fn postgres() -> &'static Postgres {
    Postgres::shared(postgres_versions()[0]).await
}

/// The newest MySQL, if one is to be tested.
async fn mysql() -> Option<&'static MySql> {
    first_of_mysql(false).await
}

async fn mariadb() -> Option<&'static MySql> {
    first_of_mysql(true).await
}

async fn first_of_mysql(is_mariadb: bool) -> Option<&'static MySql> {
    let version = mysql_versions().into_iter().find(|version| version.is_mariadb() == is_mariadb)?;
    Some(MySql::shared(version).await)
}

/// The newest of each product.
async fn mysql_and_mariadb() -> Vec<&'static MySql> {
    mysql().await.into_iter().chain(mariadb().await).collect()
}
