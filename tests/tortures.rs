//! In small what `make torture` does at length: the real binaries are killed at any instant, and nothing is lost.

mod bugs;

use bed::torture::{Case, Killing, Row, table};

/// For each function on each of its servers; more, if they spare a step.
const KILLS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_instant_loses_nothing() {
    let killing = Killing { seed: 5, package: None };
    let mut rows: Vec<Row> = Vec::new();
    for case in Case::all() {
        rows.push(case.kill(KILLS, &killing, &mut |_| ()).await);
    }
    println!("{}", table(&rows));
    for row in rows {
        assert_eq!(row.violations, Vec::<String>::new(), "{:?} on {}", row.strategy, row.engine);
        assert!(row.struck.iter().all(|kills| *kills > 0), "a step was spared: {row:?}");
    }
}
