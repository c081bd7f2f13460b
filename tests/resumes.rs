//! Crashes, repeats and twins: whatever happened before, running the rotation again mends it, and at every
//! instant a stored version signs in.

pub(crate) mod mysql;
mod unlabelled;

use rotation::Strategy;
use testbed::crash::{Crash, Moment};
use testbed::{Application, InProcess, Postgres, STEPS, Server, Setup, postgres_versions};

/// Law 1, for the strategy: `AWSCURRENT` signs in, or under single user any version with a label.
pub(crate) async fn nothing_is_lost<S: Server>(
    application: &Application<'_, S>,
    single_user: bool,
    context: &str,
) {
    let current = application.signs_in("AWSCURRENT").await;
    let any = current
        || (single_user
            && (application.signs_in("AWSPENDING").await || application.signs_in("AWSPREVIOUS").await));
    assert!(any, "no working credential is left: {context}");
}

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
            let context = format!("{} on {}, {moment:?} call {at}", setup.function, server.name());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_of_a_single_user_is_mended_by_a_retry() {
    for version in postgres_versions() {
        a_crash_at_any_call(Postgres::shared(version).await, Setup::single_user(), Strategy::SingleUser, 14)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_call_of_alternating_users_is_mended_by_a_retry() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        a_crash_at_any_call(server, Setup::alternating_users(), Strategy::AlternatingUsers, 16).await;
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
        // Steps without a common divisor reach every call, in ever other company.
        let first = Crash::at(pair * 7 % calls + 1, moment(pair % 2 == 0));
        let second = Crash::at(pair * 11 % calls + 1, moment(pair % 3 == 0));
        let context = format!("{} on {}, {first:?}, then {second:?}", setup.function, server.name());
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

/// A crash after each call in turn; then an operator gives the rotation up, and a new one begins. Under single user the
/// password that signs in may be left on a version without a label, under the others AWSCURRENT signs in.
async fn given_up_after_a_crash<S: Server>(server: &S, setup: Setup<'_>, strategy: Strategy) {
    let application = Application::start(server, setup.clone()).await;
    let function = InProcess::of(&application, strategy).await;
    for at in 1.. {
        let context = format!("{} on {}, call {at}", setup.function, server.name());
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

#[tokio::test(flavor = "multi_thread")]
async fn two_crashes_in_a_row_and_rotations_given_up_after_one() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        two_crashes(server, Setup::single_user(), Strategy::SingleUser).await;
        two_crashes(server, Setup::alternating_users(), Strategy::AlternatingUsers).await;
        given_up_after_a_crash(server, Setup::single_user(), Strategy::SingleUser).await;
        given_up_after_a_crash(server, Setup::alternating_users(), Strategy::AlternatingUsers).await;
    }
}

/// Every step twice in a row, and once more when the version has become current.
async fn every_step_twice<S: Server>(application: &Application<'_, S>) {
    let pending = application.begin().await;
    for step in STEPS {
        application.step(step, &pending).await.expect(step);
        let stored = application.stored("AWSPENDING").await;
        application.step(step, &pending).await.expect(step);
        assert_eq!(application.stored("AWSPENDING").await, stored, "{step}");
    }
    for step in STEPS {
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_be_delivered_twice() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            for _turn in 0..2 {
                every_step_twice(&application).await;
            }
        }
    }
}

/// Rotates with every step run so many times at once, up to four, each in a process of its own: all succeed, and one
/// state results.
pub(crate) async fn at_once<S: Server>(application: &Application<'_, S>, times: usize) {
    let context = format!("{times} times at once on {}", application.server.name());
    let pending = application.begin().await;
    for step in STEPS {
        let run = async |number| {
            if number < times { application.step(step, &pending).await } else { Ok(()) }
        };
        let (a, b, c, d) = tokio::join!(run(0), run(1), run(2), run(3));
        for answer in [a, b, c, d] {
            assert!(answer.is_ok(), "{step} {context}: {answer:?}");
        }
    }
    assert!(application.processes().await.len() >= times, "{context}: they shared a process");
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")), "{context}");
}

/// How many times at once: both turns of two users meet twins.
const TIMES: [usize; 4] = [2, 3, 4, 4];

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_run_two_to_four_times_at_once() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            for times in TIMES {
                at_once(&application, times).await;
            }
        }
    }
}

/// The service retries the whole rotation with the same token.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_manager_retries_what_failed_on_the_way() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        let application = Application::start(server, Setup { attempts: 3, ..setup }).await;
        application.local.fail(local_aws::Failure::refuse(
            "UpdateSecretVersionStage",
            1,
            "AccessDeniedException",
        ));
        let rotation = application.rotate().await;
        assert!(rotation.succeeded && rotation.attempts.len() == 2, "{rotation:#?}");
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

/// As after a restore of the database to a moment before the last rotation.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_user_whose_current_password_is_refused_rotates_with_the_previous_one() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    let first = application.stored("AWSCURRENT").await.expect("a first version");
    let mut wrong = first.clone();
    wrong["password"] = "not the password".into();
    // What a person changes beside the password does not make it another user.
    wrong["note"] = "restored".into();
    application.store_current(&wrong).await;
    application.rotate_ok().await;
    assert!(application.signs_in("AWSCURRENT").await);
    assert!(application.output().contains("rotating with AWSPREVIOUS"), "{}", application.output());
}

/// Rotations that are given up after each of their steps, and one that takes over from them.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rotation_takes_over_from_an_abandoned_one_of_alternating_users() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    for _turn in 0..2 {
        takes_over_from_abandoned_ones(&application).await;
    }
}
