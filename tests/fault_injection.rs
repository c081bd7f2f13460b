//! A short run of `make faults`: faults at any instant, and nothing is lost.

mod bugs;

use stress::faults::{Case, Kind, Limits, Row, table};
use tokio::task::JoinSet;

/// For each function on each of its servers under each kind of fault; more, if they spare a step.
const CASES: usize = 5;

async fn a_few(kind: Kind) {
    let mut cases = JoinSet::new();
    for case in Case::all() {
        let limits = Limits { seed: 5, until: None };
        cases.spawn(async move { case.faults(kind, CASES, &limits, &mut |_| ()).await });
    }
    let rows: Vec<Row> = cases.join_all().await;
    println!("{}", table(&rows));
    for row in rows {
        assert_eq!(
            row.violations,
            Vec::<String>::new(),
            "{:?} {:?} on {}",
            row.strategy,
            row.promotion,
            row.engine
        );
        assert!(row.cases() >= CASES, "{row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_instant_loses_nothing() {
    a_few(Kind::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_crashes_at_any_call_loses_nothing() {
    a_few(Kind::Crash).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_fails_at_any_byte_loses_nothing() {
    a_few(Kind::Network).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_manager_that_fails_at_any_call_loses_nothing() {
    a_few(Kind::SecretsManager).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_is_rejected_under_single_user_only() {
    for case in Case::all() {
        let gap = case.gap(2).await;
        assert!(gap.sign_ins >= 2, "nothing was watched: {gap:?}");
        assert!(!gap.is_violation(), "{gap:?}");
    }
}
