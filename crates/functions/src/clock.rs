//! Time: an answer is due before Lambda ends the process.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use rotation::edges::Clock;
use tokio::time::Instant;

/// What is kept back to log and send the answer: a second, or a quarter of what there is.
const MARGIN: Duration = Duration::from_secs(1);

/// When the answer is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    due: Instant,
}

impl Deadline {
    /// Keeps a margin before the moment at which Lambda ends the process.
    pub(crate) fn before(end: SystemTime) -> Self {
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        Self { due: Instant::now() + left.saturating_sub(MARGIN.min(left / 4)) }
    }

    pub(crate) fn due(self) -> Instant {
        self.due
    }
}

#[async_trait]
impl Clock for Deadline {
    fn left(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
