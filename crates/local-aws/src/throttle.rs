use std::time::Instant;

/// How many calls of `PutSecretValue` and `UpdateSecretVersionStage` together AWS admits per second, account and region
/// (quotas of Secrets Manager; not adjustable).
pub const WRITES_PER_SECOND: u32 = 50;

/// A token bucket: it holds as many writes as a second admits, and refills steadily.
pub(crate) struct Throttle {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn new(writes_per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(writes_per_second);
        Throttle { per_second, left: per_second, at: now }
    }

    /// Takes one write from the bucket; false if the bucket is empty.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        let refill = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + refill).min(self.per_second);
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
    fn a_seconds_writes_pass_at_once_and_as_many_more_each_second() {
        for (per_second, in_half_a_second) in [(WRITES_PER_SECOND, 25), (4, 2), (0, 0)] {
            let start = Instant::now();
            let mut throttle = Throttle::new(per_second, start);
            let mut admitted = |now| (0..60).filter(|_| throttle.admit(now)).count();
            assert_eq!(admitted(start), per_second as usize);
            assert_eq!(admitted(start + Duration::from_millis(500)), in_half_a_second);
            assert_eq!(admitted(start + Duration::from_secs(60)), per_second as usize);
        }
    }
}
