use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The most by which a clock is ever ahead because it was advanced: 1,000 years. No date then reaches the year 9999, where
/// the calendar ends.
const MAX_AHEAD: Duration = Duration::from_secs(1_000 * 366 * 24 * 3_600);

const HOUR: u32 = 3_600;

/// The service's time: the system's, and what was added to it so that days pass at once. All dates are of this clock, and
/// so are recovery windows and schedules; the pause between two attempts and the time limit of a function are not.
pub(crate) struct Clock {
    started: Instant,
    /// In how many seconds of the system's time an hour passes, 1 to 3,600.
    hour_in_seconds: u32,
    ahead_seconds: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new(HOUR)
    }
}

impl Clock {
    /// A clock on which an hour passes in so many seconds, 1 to 3,600; numbers beyond count as the nearest of these.
    pub(crate) fn new(hour_in_seconds: u32) -> Self {
        let hour_in_seconds = hour_in_seconds.clamp(1, HOUR);
        Clock { started: Instant::now(), hour_in_seconds, ahead_seconds: AtomicI64::new(0) }
    }

    /// The same, but so far behind the system's, up to 1,000 years.
    pub(crate) fn behind(self, by: Duration) -> Self {
        let by = i64::try_from(by.min(MAX_AHEAD).as_secs()).unwrap_or_default();
        Clock { ahead_seconds: AtomicI64::new(-by), ..self }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.at(OffsetDateTime::now_utc(), self.started.elapsed())
    }

    /// The time if the system has this one, so long after the start.
    fn at(&self, system: OffsetDateTime, elapsed: Duration) -> OffsetDateTime {
        let gained = elapsed.saturating_mul(HOUR - self.hour_in_seconds) / self.hour_in_seconds;
        let gained = time::Duration::try_from(gained).unwrap_or(time::Duration::MAX);
        let ahead = time::Duration::seconds(self.ahead_seconds.load(Ordering::SeqCst));
        system.saturating_add(gained).saturating_add(ahead)
    }

    /// How far it is ahead of the system's now.
    pub(crate) fn ahead_seconds(&self) -> i64 {
        (self.now() - OffsetDateTime::now_utc()).whole_seconds()
    }

    /// Sets how far it is ahead of the system's now: 0 s to 1,000 years, a number beyond counts as the nearest of these. It
    /// comes from a file.
    pub(crate) fn set_ahead_seconds(&self, seconds: i64) {
        let max = i64::try_from(MAX_AHEAD.as_secs()).unwrap_or(i64::MAX);
        self.ahead_seconds.store(seconds.clamp(0, max), Ordering::SeqCst);
    }

    /// Lets this time pass at once, in whole seconds. In all, 1,000 years can pass so; the rest of a request for more is
    /// ignored.
    pub(crate) fn advance(&self, by: Duration) {
        let max = i64::try_from(MAX_AHEAD.as_secs()).unwrap_or(i64::MAX);
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let later = |ahead: i64| Some(ahead.saturating_add(by).min(max));
        // It always has a new value.
        let _ = self.ahead_seconds.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// How long the system takes until this clock has reached a moment, if it is not advanced meanwhile.
    pub(crate) fn until(&self, moment: OffsetDateTime) -> Duration {
        let left = Duration::try_from(moment - self.now()).unwrap_or(Duration::ZERO);
        // One more millisecond, so that it has reached the moment then: sleeping is that exact.
        left / HOUR * self.hour_in_seconds + Duration::from_millis(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn an_hour_passes_in_as_many_seconds_as_was_said() {
        for (hour_in, elapsed, passed) in
            [(3_600, 7_200, 7_200), (1, 24, 24 * 3_600), (60, 30, 1_800), (0, 1, 3_600)]
        {
            let elapsed = Duration::from_secs(elapsed);
            let system = START + elapsed;
            let now = Clock::new(hour_in).at(system, elapsed);
            assert_eq!(now, START + time::Duration::seconds(passed), "an hour in {hour_in} s");
        }
    }

    #[test]
    fn a_clock_that_a_file_sets_is_ahead_by_0_to_1000_years() {
        let clock = Clock::default();
        for (seconds, at) in [
            (60, START + Duration::from_secs(60)),
            (-1, START),
            (i64::MIN, START),
            (i64::MAX, START + MAX_AHEAD),
        ] {
            clock.set_ahead_seconds(seconds);
            assert_eq!(clock.at(START, Duration::ZERO), at, "{seconds}");
        }
    }

    #[test]
    fn a_clock_is_advanced_by_at_most_1000_years() {
        let clock = Clock::default();
        clock.advance(Duration::from_secs(90));
        clock.advance(Duration::from_secs(30));
        assert_eq!(clock.at(START, Duration::ZERO), START + time::Duration::minutes(2));
        for _ in 0..2 {
            clock.advance(Duration::MAX);
            assert_eq!(clock.at(START, Duration::ZERO), START + MAX_AHEAD);
        }
        assert_eq!(Clock::new(1).at(START, Duration::MAX).year(), 9999, "the calendar ends there");
    }

    #[test]
    fn a_clock_that_begins_behind_catches_up() {
        let clock = Clock::default().behind(Duration::from_secs(90));
        assert_eq!(clock.at(START, Duration::ZERO), START - Duration::from_secs(90));
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.at(START, Duration::ZERO), START);
        let clock = Clock::default().behind(Duration::MAX);
        assert_eq!(clock.at(START, Duration::ZERO), START - MAX_AHEAD);
    }

    #[test]
    fn on_a_fast_clock_a_moment_is_as_much_nearer() {
        let clock = Clock::new(1);
        let until = clock.until(clock.now() + time::Duration::hours(100));
        assert!(until > Duration::from_secs(90) && until <= Duration::from_secs(101), "{until:?}");
        assert_eq!(clock.until(START), Duration::from_millis(1));
    }
}
