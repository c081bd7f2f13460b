//! A short run of `make load`: many secrets at once under a limit of writes, and no process grows.

use std::collections::BTreeMap;
use std::time::Duration;

use stress::load::{Plan, Row, report, rotate};
use testbed::{MySql, MySqlOptions, Postgres, PostgresOptions, mysql_versions, postgres_versions};

async fn on_each_engine(plan: &Plan) -> [Row; 2] {
    let postgres = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    let of_postgres = rotate(postgres, plan, &mut |_| ()).await;
    let mysql = MySql::start(mysql_versions()[0], MySqlOptions::default()).await;
    let rows = [of_postgres, rotate(mysql, plan, &mut |_| ()).await];
    println!("{}", report(&rows));
    rows
}

fn all_is_well(row: &Row) {
    assert_eq!((&row.lost, &row.unfinished), (&Vec::new(), &Vec::new()), "on {}", row.engine);
    assert_eq!(row.rotated, row.secrets, "on {}", row.engine);
    // The first attempt of Secrets Manager got through.
    assert_eq!((row.retries, &row.errors), (0, &BTreeMap::new()), "on {}", row.engine);
    assert_eq!(row.refused, 0, "refused sign-ins on {}", row.engine);
}

/// Twelve at once want six times as many writes as there are.
#[tokio::test(flavor = "multi_thread")]
async fn many_secrets_under_a_limit_of_writes_are_rotated_without_a_loss() {
    let latency = Duration::from_millis(5);
    let plan = Plan { secrets: 24, in_flight: 12, writes_per_second: 4, latency };
    for row in on_each_engine(&plan).await {
        all_is_well(&row);
        assert!(row.throttled > 0, "no write was throttled on {}", row.engine);
    }
}

/// One after the other, so that each function has one process, which sees them all.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_rotates_one_secret_after_the_other_does_not_grow() {
    let latency = Duration::ZERO;
    let plan = Plan { secrets: 36, in_flight: 1, writes_per_second: 1000, latency };
    for row in on_each_engine(&plan).await {
        all_is_well(&row);
        assert!(row.memory.len() > 1, "on {} only {} processes tell", row.engine, row.memory.len());
        assert!(row.does_not_grow(), "on {} a process grew: {:?}", row.engine, row.memory);
    }
}
