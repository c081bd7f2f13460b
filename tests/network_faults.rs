//! Networks that fail: each step returns in time and names the cause, nothing is lost, and the next attempt succeeds.

mod slow_servers;

use std::time::Duration;

use local_aws::{Effect, Failure};
use rotation::Promotion;
use testbed::fault_proxy::{End, Fault};
use testbed::{
    Application, FaultProxy, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions,
    run_concurrently,
};
use tokio::task::JoinSet;

use crate::support::{
    nothing_is_lost, ready_for_set_secret, setups_with_a_short_timeout, succeeds_in_the_end,
};

/// At how many points of a step's traffic the network fails.
const POINTS: usize = 4;

/// How many applications are under way at once.
const AT_ONCE: usize = 16;

/// More failures of Secrets Manager than a step of 15 s has time for.
const ALWAYS: usize = 100;

/// One step under a fault, then the whole rotation without.
async fn fails_and_is_repaired<S: Server>(
    server: &'static S,
    setup: Setup<'static>,
    step: &'static str,
    fault: Fault,
) -> bool {
    let context = format!("{} on {}, {step}, {fault:?}", setup.name(), server.name());
    let single_user = setup.function.ends_with("single-user");
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let (application, pending) = ready_for_set_secret(server, &proxy, setup).await;
    if step == "testSecret" {
        succeeds_in_the_end(&application, "setSecret", &pending, "nothing fails yet").await;
    }
    proxy.becomes(fault);
    let result = application.step(step, &pending).await;
    proxy.becomes(Fault::None);
    if let Err(error) = &result {
        let known = ["Unreachable", "Deadline", "TlsFailed"].contains(&error.error_type.as_str());
        assert!(known, "{context}: {error:?}");
        assert!(!error.error_message.contains("waiting to ;"), "{context}: {error:?}");
    }
    nothing_is_lost(&application, single_user, &context).await;
    for step in testbed::STEPS {
        succeeds_in_the_end(&application, step, &pending, &context).await;
    }
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
    result.is_err()
}

/// How many bytes a step sends and gets, where nothing fails.
async fn traffic<S: Server>(server: &S, setup: Setup<'_>, step: &str) -> (usize, usize) {
    let proxy = FaultProxy::to(server.port(), Fault::None).await;
    let (application, pending) = ready_for_set_secret(server, &proxy, setup).await;
    if step == "testSecret" {
        application.step("setSecret", &pending).await.expect("setSecret");
    }
    let before = (proxy.bytes(), proxy.answered());
    application.step(step, &pending).await.expect(step);
    (proxy.bytes() - before.0, proxy.answered() - before.1)
}

/// Runs the step under faults that close the connection, and under some that leave it open, each on an application of its own,
/// concurrently. Returns how many of how many faults made the step fail.
async fn fails_everywhere<S: Server>(server: &'static S) -> (usize, usize) {
    let mut all = Vec::new();
    for setup in setups_with_a_short_timeout(server) {
        let steps = match setup.promotion {
            Promotion::InFinishSecret => &["setSecret", "testSecret"][..],
            // It does what both do.
            Promotion::InSetSecret => &["setSecret"],
        };
        for step in steps.iter().copied() {
            let (sent, answered) = traffic(server, setup.clone(), step).await;
            assert!(sent > 500 && answered > 500, "{sent} {answered}");
            let mut faults = vec![Fault::Silent, Fault::Crawls];
            for point in 0..POINTS {
                let of = |all: usize| all * point / POINTS + 1;
                let all = usize::MAX;
                for end in [End::Closed, End::Reset, End::Dead] {
                    faults.push(Fault::After { sent: of(sent), answered: all, end });
                    faults.push(Fault::After { sent: all, answered: of(answered), end });
                }
            }
            all.extend(faults.into_iter().map(|fault| (setup.clone(), step, fault)));
        }
    }
    let cases = all.len();
    let mut failed = 0;
    let tasks = all.into_iter().map(|(setup, step, fault)| fails_and_is_repaired(server, setup, step, fault));
    run_concurrently(AT_ONCE, tasks, |was_felt| failed += usize::from(was_felt)).await;
    (failed, cases)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_to_postgresql_that_fails_at_any_point_loses_nothing() {
    for version in postgres_versions() {
        check(Postgres::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_to_mysql_or_mariadb_that_fails_at_any_point_loses_nothing() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let killing = tokio::spawn(kill_dead_sign_ins(server));
        check(server).await;
        killing.abort();
    }
}

/// A clone is made only once the sign-ins that began before are over. One that died in the middle of TLS never is on MySQL
/// (tried: 9.7.4, 40 s), whatever its `connect_timeout`: this is what the refusal tells an administrator to run.
/// (Sooner than after 8 s, a busy machine's sign-ins that are only slow were killed as well.)
async fn kill_dead_sign_ins(server: &'static MySql) {
    let dead =
        "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'unauthenticated user' AND TIME >= 8";
    let once = async move || {
        for id in server.values(dead).await {
            // It may end on its own meanwhile.
            let mut root = server.root_session().await;
            let _ = testbed::mysql::run(&mut root, &format!("KILL {id}")).await;
        }
    };
    loop {
        // On a busy machine it is its own sign-in that is killed.
        let _ = tokio::spawn(once()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn check<S: Server>(server: &'static S) {
    let (failed, cases) = fails_everywhere(server).await;
    println!("{}: {cases} faults of the network, {failed} of them failed the step, 0 lost", server.name());
    // A fault near the end of the traffic hits the close of the connection, which changes nothing.
    assert!(failed * 4 > cases * 3, "only {failed} of {cases} were felt");
}

/// Fails more often than the step has time for; then the next attempt succeeds.
async fn a_call_that_fails(server: &Postgres, setup: Setup<'_>, fault: Failure, classes: [&'static str; 2]) {
    let context = format!("{}, {fault:?}", setup.name());
    let single_user = setup.function.ends_with("single-user");
    let application = Application::start(server, setup).await;
    for _ in 0..ALWAYS {
        application.local.fail(fault.clone());
    }
    let failure = application.rotate_expect_err().await;
    application.local.clear_failures();
    let class = failure.split([' ', ':']).nth(1).unwrap_or_default().to_owned();
    assert!(classes.contains(&class.as_str()), "{context}: {failure}");
    nothing_is_lost(&application, single_user, &context).await;
    // The last call of all took effect: nothing is left to do.
    if (fault.operation.as_str(), &fault.effect) != ("UpdateSecretVersionStage", &Effect::DropResponse) {
        application.rotate_ok().await;
    }
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
}

/// Secrets Manager refuses a call, does not receive it, or its response is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_manager_that_fails_at_any_call_is_named_and_loses_nothing() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let mut running = JoinSet::new();
    for setup in server.setups_with_either_promotion() {
        let setup = Setup { timeout: Duration::from_secs(15), ..setup };
        for operation in ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"] {
            let no_response = ["Unreachable", "SecretsManager"];
            for (fault, classes) in [
                (Failure::refuse(operation, 1, "InternalServiceError"), no_response),
                (Failure::refuse(operation, 1, "ServiceUnavailable"), no_response),
                (Failure::refuse(operation, 1, "ThrottlingException"), ["Throttled", "Throttled"]),
                (Failure::drop_request(operation, 1), no_response),
                (Failure::drop_response(operation, 1), no_response),
            ] {
                running.spawn(a_call_that_fails(server, setup.clone(), fault, classes));
            }
        }
    }
    running.join_all().await;
}

/// The SDK's own retries are not enough. A step that gave up would be run again from createSecret on.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_throttled_is_tried_again_while_there_is_time() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let mut running = JoinSet::new();
    for operation in ["PutSecretValue", "UpdateSecretVersionStage"] {
        running.spawn(async move {
            let single_user = Setup::single_user();
            for setup in [single_user.clone(), single_user.promoting_in_set_secret()] {
                let application = Application::start(server, setup).await;
                for _ in 0..7 {
                    application.local.fail(Failure::refuse(operation, 1, "ThrottlingException"));
                }
                application.rotate_ok().await;
                let calls = application.local.calls();
                let throttled = calls.iter().filter(|call| call.error.is_some()).count();
                assert_eq!(throttled, 7, "{operation}");
            }
        });
    }
    running.join_all().await;
}

/// An endpoint that accepts connections and never responds.
#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_manager_that_never_responds_is_named_before_the_deadline() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    let endpoint = format!("http://127.0.0.1:{}", silent.port());
    let environment = vec![("SECRETS_MANAGER_ENDPOINT", endpoint.as_str())];
    let setup = Setup { environment, timeout: Duration::from_secs(4), ..Setup::single_user() };
    let application = Application::start(server, setup).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.starts_with("CreateSecret Deadline: "), "{failure}");
    assert!(failure.contains("waiting to describe") || failure.contains("waiting to read"), "{failure}");
    assert!(application.signs_in("AWSCURRENT").await);
}
