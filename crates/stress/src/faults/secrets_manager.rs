//! A Secrets Manager that refuses, does not hear, or answers into the void.

use async_trait::async_trait;
use local_aws::Failure;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::attempts::Next;
use super::subject::Subject;
use super::{Attempt, Fault};
use testbed::{Application, Setup};

/// With the most calls of it that a rotation makes, or a little less.
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

/// A call fails as often as the SDK tries it, or now and then less often; one in three attempts is left alone.
#[derive(Debug)]
pub struct SecretsManager {
    rng: SmallRng,
}

impl SecretsManager {
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
impl<S: Subject> Fault<S> for SecretsManager {
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
        ended.blamed_on(&CLASSES, application).await
    }
}
