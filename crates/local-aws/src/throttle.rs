use std::time::Instant;

/// `PutSecretValue` and `UpdateSecretVersionStage` together, a second, per account and region (quotas of Secrets Manager).
const WRITES_PER_SECOND: f64 = 50.0;

/// A bucket that holds one second's writes and refills steadily.
pub(crate) struct Throttle {
    left: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn new(now: Instant) -> Self {
        Throttle { left: WRITES_PER_SECOND, at: now }
    }

    /// Takes one write; false if there is none left.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        let refill = now.duration_since(self.at).as_secs_f64() * WRITES_PER_SECOND;
        self.left = (self.left + refill).min(WRITES_PER_SECOND);
        self.at = now;
        let admitted = self.left >= 1.0;
        if admitted {
            self.left -= 1.0;
        }
        admitted
    }
}

/// Whether an operation counts against the limit of writes.
pub(crate) fn is_write(operation: &str) -> bool {
    matches!(operation, "PutSecretValue" | "UpdateSecretVersionStage")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fifty_writes_pass_at_once_and_fifty_more_each_second() {
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        assert_eq!((0..60).filter(|_| throttle.admit(start)).count(), 50);
        let later = start + Duration::from_millis(500);
        assert_eq!((0..60).filter(|_| throttle.admit(later)).count(), 25);
        let much_later = start + Duration::from_secs(60);
        assert_eq!((0..60).filter(|_| throttle.admit(much_later)).count(), 50);
    }
}
