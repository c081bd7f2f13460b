//! Repeated and concurrent steps on PostgreSQL.

use testbed::{Application, Postgres, PostgresOptions, Server, postgres_versions};

use super::{TIMES, every_step_twice};
use crate::support::every_step_at_once;
use crate::support::postgres::with_a_real_superuser;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_be_delivered_twice() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups_with_either_promotion() {
            let application = Application::start(server, setup).await;
            for _turn in 0..2 {
                every_step_twice(&application).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_run_two_to_four_times_at_once() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups_with_either_promotion() {
            let application = Application::start(server, setup).await;
            for times in TIMES {
                every_step_at_once(&application, times).await;
            }
        }
    }
}

/// A stricter level takes its snapshot before it waits for the lock, and misses what a concurrent run did meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_run_four_times_at_once_under_any_default_isolation() {
    for version in postgres_versions() {
        let settings = [("default_transaction_isolation", "serializable")];
        let options = testbed::PostgresOptions { settings: &settings, ..testbed::PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        for setup in server.setups_with_either_promotion() {
            let application = Application::start(&server, setup).await;
            for _turn in 0..2 {
                every_step_at_once(&application, 4).await;
            }
        }
    }
}

/// Two concurrent attempts, under a real superuser, whose grants do not record who made them.
#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_runs_of_a_first_alternation_both_succeed() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = with_a_real_superuser(&server).await;
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let pair =
            tokio::join!(application.step("setSecret", &pending), application.step("setSecret", &pending));
        pair.0.expect("one");
        pair.1.expect("the other");
        for step in ["testSecret", "finishSecret"] {
            application.step(step, &pending).await.expect(step);
        }
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}
