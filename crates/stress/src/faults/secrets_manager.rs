//! A Secrets Manager that returns errors, does not receive requests, or whose responses are lost.

use async_trait::async_trait;
use local_aws::Failure;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::attempts::Next;
use super::injector::{Attempt, FaultInjector};
use super::subject::Subject;
use testbed::{Application, Setup};

/// The operations, and about how many calls of each a rotation makes at most.
const OPERATIONS: [(&str, u32); 4] =
    [("DescribeSecret", 4), ("GetSecretValue", 5), ("PutSecretValue", 1), ("UpdateSecretVersionStage", 1)];
const CODES: [&str; 5] = [
    "ThrottlingException",
    "InternalServiceError",
    "ServiceUnavailable",
    "AccessDeniedException",
    "DecryptionFailure",
];
const CLASSES: [&str; 5] = ["Throttled", "Unreachable", "SecretsManager", "AccessDenied", "Kms"];
/// The SDK tries three times in all.
const TRIES: u32 = 3;

/// A call fails as often as the SDK tries it, or sometimes only once. One in three attempts is not interrupted.
#[derive(Debug)]
pub struct SecretsManagerFault {
    rng: SmallRng,
}

impl SecretsManagerFault {
    /// Chooses by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: SmallRng::seed_from_u64(seed) }
    }

    fn failure(&mut self) -> Failure {
        let (operation, calls) = *OPERATIONS.choose(&mut self.rng).expect("some operations");
        let nth = self.rng.random_range(1..=calls);
        match self.rng.random_range(0..4) {
            0 => Failure::drop_request(operation, nth),
            1 => Failure::drop_response(operation, nth),
            _ => Failure::refuse(operation, nth, CODES.choose(&mut self.rng).expect("some codes")),
        }
    }
}

#[async_trait]
impl<S: Subject> FaultInjector<S> for SecretsManagerFault {
    fn name(&self) -> &'static str {
        "Secrets Manager"
    }

    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S> {
        Application::start(server, setup).await
    }

    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt {
        let next = Next::of(application).await;
        if self.rng.random_ratio(2, 3) {
            let failure = self.failure();
            let tries = if self.rng.random_ratio(3, 4) { TRIES } else { 1 };
            for _try in 0..tries {
                application.local.fail(failure.clone());
            }
        }
        let ended = next.run(application).await;
        application.local.clear_failures();
        ended.attributed_to(&CLASSES, application).await
    }
}
