//! What a start and a rotation may cost, in calls of Secrets Manager, sign-ins and waits for a server: counts, so that noise
//! cannot hide a loss. `costs/limits.json` has them all.

mod limits;
mod mysql;
mod start;

use std::collections::BTreeMap;

use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, Postgres, STEPS, Server, Setup, postgres_versions};

/// A rotation in which nothing fails, and that is no user's first, against the limits of this name.
///
/// A wait is a round trip to the database's server. How a server ends a session, and what TLS on MySQL sends unasked, can count as
/// one more: a limit has room for that.
async fn rotation_costs<S: Server>(server: &S, setup: Setup<'_>, engine: &str) {
    let (function, name) = (setup.function, setup.name());
    let database = FaultProxy::to(server.port(), Fault::None).await;
    let application = Application::through_proxy(server, &database, setup.clone()).await;
    server.allow_two_passwords(&application.app).await;
    let aws = FaultProxy::to(application.local.port(), Fault::None).await;
    let url = format!("http://127.0.0.1:{}", aws.port());
    let variables: Vec<_> =
        setup.variables().into_iter().chain([("SECRETS_MANAGER_ENDPOINT", url.as_str())]).collect();
    application.functions.add(function, &variables, setup.timeout).await;
    application.rotate_ok().await;
    application.rotate_ok().await;
    for _turn in 0..2 {
        // In a new process.
        application.functions.kill(function).await;
        let version = application.begin().await;
        application.local.clear_calls();
        let (connections, sign_ins) = (aws.connections(), database.connections());
        let mut counts = BTreeMap::new();
        for step in STEPS {
            let waits = database.round_trips();
            application.step(step, &version).await.expect(step);
            counts.insert(step, database.round_trips() - waits);
        }
        counts.insert("connections to AWS", aws.connections() - connections);
        counts.insert("sign-ins", database.connections() - sign_ins);
        let mut exact = vec!["sign-ins", "createSecret", "finishSecret"];
        for call in application.local.calls() {
            let name: &'static str = match call.operation.as_str() {
                "DescribeSecret" => "DescribeSecret",
                "GetSecretValue" => "GetSecretValue",
                "PutSecretValue" => "PutSecretValue",
                "UpdateSecretVersionStage" => "UpdateSecretVersionStage",
                other => panic!("a rotation in which nothing fails calls {other}"),
            };
            *counts.entry(name).or_default() += 1;
            exact.push(name);
        }
        limits::hold(&format!("/rotations/{name} on {engine}"), &counts, &exact);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_costs_no_more_than_the_limits_on_postgresql() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups_with_either_promotion() {
            rotation_costs(server, setup, "PostgreSQL").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_waits_for_at_most_two_rounds_of_secrets_manager() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let version = application.begin().await;
    for step in STEPS {
        application.local.clear_calls();
        application.step(step, &version).await.expect(step);
        let operations: Vec<String> =
            application.local.calls().into_iter().map(|call| call.operation).collect();
        let reads = operations.iter().filter(|operation| **operation != "PutSecretValue").count();
        assert!(reads <= 4, "{step}: {operations:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_secret_that_promotes_makes_one_call_more_and_finish_secret_one_less() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let single_user = Setup::single_user();
    for (setup, expected) in
        [(single_user.clone(), [3, 3, 2, 2]), (single_user.promoting_in_set_secret(), [3, 4, 2, 1])]
    {
        let application = Application::start(server, setup).await;
        let version = application.begin().await;
        let mut counts = [0; 4];
        for (step, count) in STEPS.into_iter().zip(&mut counts) {
            application.local.clear_calls();
            application.step(step, &version).await.expect(step);
            *count = application.local.calls().len();
        }
        assert_eq!(counts, expected);
    }
}
