//! Servers that stop, start and fill up during a rotation. The servers are real, and each test starts its own.

mod mysql;
mod postgres;

use std::time::Duration;

use testbed::{Application, Server};

use crate::support::nothing_is_lost;

/// What a step may say of a server that is down, or that stops or starts.
const AWAY: [&str; 2] = ["Unreachable", "ServerUnavailable"];

/// Runs the steps until a version is current. Before each, the server is stopped (the step fails) and started again.
async fn between_steps<S: Server>(
    application: &Application<'_, S>,
    stop: impl AsyncFn(),
    start: impl AsyncFn(),
) {
    let pending = application.begin().await;
    for step in testbed::STEPS {
        stop().await;
        let result = application.step(step, &pending).await;
        let is_current = application.labels().await.contains(&format!("AWSCURRENT {pending}"));
        let asks_the_server = ["setSecret", "testSecret"].contains(&step) && !is_current;
        match result {
            Ok(()) => assert!(!asks_the_server, "{step} without a server"),
            Err(error) => {
                assert!(asks_the_server && error.error_type == "Unreachable", "{step}: {error:?}");
                assert!(error.error_message.contains("connection refused"), "{step}: {error:?}");
            }
        }
        start().await;
        nothing_is_lost(application, true, step).await;
        application.step(step, &pending).await.expect(step);
    }
    assert!(application.signs_in("AWSCURRENT").await);
    assert!(application.labels().await.contains(&format!("AWSCURRENT {pending}")));
}

/// The server stops while setSecret waits for a lock, and starts again.
async fn in_the_middle<S: Server>(
    application: &Application<'_, S>,
    restart: impl AsyncFnOnce(),
    context: &str,
) {
    let single_user = context.contains("single-user");
    let pending = application.begin().await;
    application.step("createSecret", &pending).await.expect("createSecret");
    let (result, ()) = tokio::join!(application.step("setSecret", &pending), restart());
    let error = result.expect_err("the server went away");
    assert!(AWAY.contains(&error.error_type.as_str()), "{context}: {error:?}");
    nothing_is_lost(application, single_user, context).await;
    for step in testbed::STEPS {
        application.step(step, &pending).await.unwrap_or_else(|error| panic!("{context}: {step}: {error:?}"));
    }
    assert!(application.signs_in("AWSCURRENT").await, "{context}");
}

async fn waits_for(condition: impl AsyncFn() -> bool) {
    while !condition().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
