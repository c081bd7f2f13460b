//! Crashes: whatever happened before, running the rotation again fixes it, and at every instant a stored version signs in.

mod mysql;
mod postgres;

use rotation::Strategy;
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, STEPS, Server, Setup};

use crate::support::nothing_is_lost;

async fn a_crash_at_any_call<S: Server>(
    server: &S,
    setup: Setup<'_>,
    strategy: Strategy,
    calls_at_least: usize,
) {
    let single_user = setup.function.ends_with("single-user");
    for moment in [Moment::Before, Moment::After] {
        let application = Application::start(server, setup.clone()).await;
        let function = InProcess::of(&application, strategy).await;
        let mut at = 1;
        loop {
            let context = format!("{} on {}, {moment:?} call {at}", setup.name(), server.name());
            let pending = application.begin().await;
            let crash = Crash::at(at, moment);
            let ended = function.run(&application, &pending, &crash).await;
            nothing_is_lost(&application, single_user, &context).await;
            assert!(function.run(&application, &pending, &Crash::never()).await, "{context}");
            nothing_is_lost(&application, false, &context).await;
            let labels = application.labels().await;
            assert!(labels.contains(&format!("AWSCURRENT {pending}")), "{context}: {labels:?}");
            if ended {
                assert!(crash.calls() >= calls_at_least, "only {} calls: {context}", crash.calls());
                break;
            }
            at += 1;
        }
    }
}

/// How many pairs of crashes are tried for a function and server: a spread over all of them.
const PAIRS: usize = 10;

/// A crash, and another while its rotation is repeated. Then it is repeated once more.
async fn two_crashes<S: Server>(server: &S, setup: Setup<'_>, strategy: Strategy) {
    let single_user = setup.function.ends_with("single-user");
    let application = Application::start(server, setup.clone()).await;
    let function = InProcess::of(&application, strategy).await;
    let calls = {
        let (pending, count) = (application.begin().await, Crash::never());
        assert!(function.run(&application, &pending, &count).await);
        count.calls()
    };
    for pair in 0..PAIRS {
        let moment = |odd| if odd { Moment::Before } else { Moment::After };
        // Strides without a common divisor reach every call, each time in another combination.
        let first = Crash::at(pair * 7 % calls + 1, moment(pair % 2 == 0));
        let second = Crash::at(pair * 11 % calls + 1, moment(pair % 3 == 0));
        let context = format!("{} on {}, {first:?}, then {second:?}", setup.name(), server.name());
        let pending = application.begin().await;
        for crash in [first, second] {
            function.run(&application, &pending, &crash).await;
            nothing_is_lost(&application, single_user, &context).await;
        }
        assert!(function.run(&application, &pending, &Crash::never()).await, "{context}");
        nothing_is_lost(&application, false, &context).await;
        assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
    }
}

/// A crash after each call in turn; then an operator abandons the rotation, and a new one begins. Under single user the
/// working password may be left on a version without a label; under the other strategies AWSCURRENT signs in.
async fn given_up_after_a_crash<S: Server>(server: &S, setup: Setup<'_>, strategy: Strategy) {
    let application = Application::start(server, setup.clone()).await;
    let function = InProcess::of(&application, strategy).await;
    for at in 1.. {
        let context = format!("{} on {}, call {at}", setup.name(), server.name());
        let given_up = application.begin().await;
        if function.run(&application, &given_up, &Crash::at(at, Moment::After)).await {
            return;
        }
        // The last call has made it current.
        if application.labels().await.contains(&format!("AWSPENDING {given_up}")) {
            application.abandon(&given_up).await;
        }
        if setup.function.ends_with("single-user") {
            assert!(application.some_version_signs_in().await, "no working credential is left: {context}");
        } else {
            nothing_is_lost(&application, false, &context).await;
        }
        let pending = application.begin().await;
        assert!(function.run(&application, &pending, &Crash::never()).await, "{context}");
        nothing_is_lost(&application, false, &context).await;
        assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
    }
}

/// Rotations that are abandoned after each of their steps, and one that takes over from them.
async fn takes_over_from_abandoned_ones<S: Server>(application: &Application<'_, S>) {
    for given_up_after in 1..STEPS.len() {
        let abandoned = application.begin().await;
        for step in &STEPS[..given_up_after] {
            application.step(step, &abandoned).await.expect(step);
        }
        application.abandon(&abandoned).await;
        assert!(application.signs_in("AWSCURRENT").await);
    }
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await);
}
