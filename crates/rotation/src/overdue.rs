//! Whether a rotation has not succeeded for too long after it was due.

use std::time::{Duration, SystemTime};

use crate::time::relative;

/// A rotation that has not succeeded in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// `NextRotationDate`, which stays in the past until a rotation succeeds (API reference, `DescribeSecret`). Secrets Manager may
    /// not have begun the rotation at all.
    Due(SystemTime),
    /// When the unfinished version was made. `RotateSecret` moves `NextRotationDate`, also if the rotation then fails (recorded
    /// once), and a secret without a schedule has none.
    Begun(SystemTime),
}

impl Overdue {
    /// Judges by `NextRotationDate` and by when the unfinished version was made, if there is one; `after` is how much later than
    /// either a rotation may succeed. How often the service retries is not published, so attempts are not counted.
    pub(crate) fn judge(
        next: Option<SystemTime>,
        begun: Option<SystemTime>,
        now: SystemTime,
        after: Duration,
    ) -> Option<Self> {
        let is_late = |since: &SystemTime| now.duration_since(*since).is_ok_and(|late| late > after);
        next.filter(is_late).map(Self::Due).or_else(|| begun.filter(is_late).map(Self::Begun))
    }

    /// As a person reads it.
    pub(crate) fn describe(self, now: SystemTime) -> String {
        match self {
            Self::Due(since) => format!("a rotation was due {}, and has not succeeded", relative(since, now)),
            Self::Begun(since) => format!("a rotation began {}, and has not succeeded", relative(since, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn a_rotation_is_overdue_once_the_window_is_over_since_it_was_due_or_begun() {
        let (before, now) = (NOW + HOUR, NOW + 26 * HOUR);
        for (next, begun, expected) in [
            (None, None, None),
            (Some(now), None, None),
            // Exactly at its end, it is not over.
            (Some(before + HOUR), None, None),
            (Some(before), None, Some(Overdue::Due(before))),
            (None, Some(now), None),
            (None, Some(before + HOUR), None),
            (None, Some(before), Some(Overdue::Begun(before))),
            // It was begun by hand, which moved the date.
            (Some(now + HOUR), Some(before), Some(Overdue::Begun(before))),
            // It was due long ago, and a person has begun another.
            (Some(before), Some(now), Some(Overdue::Due(before))),
        ] {
            assert_eq!(Overdue::judge(next, begun, now, 24 * HOUR), expected, "{next:?} {begun:?}");
        }
    }
}
