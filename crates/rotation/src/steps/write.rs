//! Writes to Secrets Manager.

use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tracing::info;

use super::context::Context;
use crate::cause::Cause;
use crate::error::{CallError, Error};

/// The longest pause before a throttled write is tried again, and how much of the remaining time it leaves for that
/// try, which the store itself repeats after pauses, and for the step's response.
const PAUSE: Duration = Duration::from_secs(2);
const RESERVE: Duration = Duration::from_secs(5);

impl Context<'_> {
    /// All rotations of an account and region share one limit of writes. A throttled write is tried again
    /// while there is time: a step that gave up would be run again from the beginning, with more writes.
    pub(super) async fn write<T, F>(&self, doing: impl Into<String>, call: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let clock = self.rotation.clock;
        let patient = async {
            loop {
                let result = call().await;
                if !matches!(&result, Err(error) if error.cause() == Some(Cause::Throttled)) {
                    return result;
                }
                // Full jitter, so that throttled callers do not retry in step.
                let pause = UnwrapErr(SysRng).random_range(Duration::ZERO..=PAUSE);
                if clock.left() < pause + RESERVE {
                    return result;
                }
                info!(pause_ms = pause.as_millis(), "Secrets Manager throttles; trying the write again");
                clock.sleep(pause).await;
            }
        };
        self.rotation.progress.of(doing, patient).await
    }
}
