//! Repeated and concurrent steps: any step that runs twice, or several times at once, ends in the same state as once.

mod mysql;
mod postgres;

use testbed::{Application, STEPS, Server};

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

/// How many times at once: both of two users meet concurrent runs.
const TIMES: [usize; 4] = [2, 3, 4, 4];
