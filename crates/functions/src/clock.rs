//! Time: a response is due before Lambda ends the process.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use rotation::ports::Clock;
use tokio::time::Instant;

/// What is kept back to log and to send the response: a second, or a quarter of what there is.
const MARGIN: Duration = Duration::from_secs(1);

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When the response is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    due: Instant,
}

impl Deadline {
    /// Keeps a margin before the moment at which Lambda ends the process.
    pub(crate) fn before(end: SystemTime) -> Self {
        // `cargo lambda watch` sends how long there is, as if it were 1970.
        let since_1970 = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let left = match end.duration_since(SystemTime::now()) {
            Ok(left) => left,
            Err(_) if since_1970 < A_DAY => since_1970,
            Err(_) => Duration::ZERO,
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn left_before(end: SystemTime) -> Duration {
        Deadline::before(end).left()
    }

    #[test]
    fn a_response_is_due_a_second_before_lambda_ends_the_process() {
        let left = left_before(SystemTime::now() + Duration::from_secs(30));
        assert!(left <= Duration::from_secs(29) && left > Duration::from_secs(20), "{left:?}");
    }

    #[test]
    fn a_short_time_is_not_eaten_up_by_the_margin() {
        let left = left_before(SystemTime::now() + Duration::from_millis(3600));
        assert!(left <= Duration::from_millis(2700) && !left.is_zero(), "{left:?}");
    }

    #[test]
    fn a_moment_that_has_passed_leaves_nothing() {
        assert_eq!(left_before(SystemTime::now() - Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn the_time_limit_that_cargo_lambda_watch_sends_is_a_time_limit() {
        let left = left_before(SystemTime::UNIX_EPOCH + Duration::from_secs(600));
        assert!(left <= Duration::from_secs(599) && left > Duration::from_secs(500), "{left:?}");
    }
}
