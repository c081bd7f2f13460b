use time::{Duration, OffsetDateTime, Time, UtcOffset};

use super::repeat::Repeat;
use super::rules::RotationRules;

/// A time in which Secrets Manager rotates a secret, at any moment of it (user guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// On the full hour, in UTC.
    pub(crate) opens: OffsetDateTime,
    /// The first moment that is no longer part of the window.
    pub(crate) closes: OffsetDateTime,
}

/// What the windows of a secret are counted from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    /// When `RotateSecret` last accepted rules, or turned rotation on again.
    pub(crate) set_at: OffsetDateTime,
    /// When the secret last was rotated. A value that a person puts counts as a rotation (API reference).
    pub(crate) rotated_at: Option<OffsetDateTime>,
}

impl Window {
    /// `NextRotationDate`, the last second of the window: "on or before this date" (API reference). Recorded five times
    /// as 23:59:59 UTC for windows that end with the day; the API reference's example ends at 17:59:59 for a window from
    /// 16:00 of two hours.
    pub(crate) fn last_second(&self) -> OffsetDateTime {
        self.closes - Duration::SECOND
    }
}

impl Anchor {
    fn latest(&self) -> OffsetDateTime {
        self.rotated_at.map_or(self.set_at, |rotated_at| rotated_at.max(self.set_at))
    }
}

impl RotationRules {
    /// The first window that opens after `after`, and after both moments of the anchor; `None` if it would reach beyond
    /// the year 9999.
    ///
    /// - Days: the window opens at midnight so many days after the day of the last rotation, and closes with the day
    ///   (recorded for `AutomaticallyAfterDays`; user guide). Recorded once, for a secret whose rotation was begun anew
    ///   and did not finish: the days are counted from that `RotateSecret`. If `after` is later than that window, more
    ///   such steps follow (inferred). That `rate(N days)` counts the same way is inferred.
    /// - `rate(N hours)`: every N hours from the midnight before the rules were set, for one hour ("starts at midnight",
    ///   user guide; that the steps do not start again each day is inferred: the guide says so only of cron).
    /// - `cron(...)`: at each matching hour; with more than one hour a day for one hour, otherwise until the day ends
    ///   (user guide; recorded for a day of the week).
    pub(crate) fn next_window(&self, after: OffsetDateTime, anchor: &Anchor) -> Option<Window> {
        let utc = |moment: OffsetDateTime| moment.checked_to_offset(UtcOffset::UTC);
        let (set_at, latest) = (utc(anchor.set_at)?, utc(anchor.latest())?);
        let after = utc(after)?.max(latest);
        let opens = match &self.repeat {
            Repeat::Days(days) => step_after(after, midnight(latest), Duration::days((*days).into())),
            Repeat::Hours(hours) => step_after(after, midnight(set_at), Duration::hours((*hours).into())),
            Repeat::Cron(cron) => cron.next_opening(after),
        }?;
        Some(Window { opens, closes: self.closing(opens)? })
    }

    /// The first window after the anchor that has not closed at `now`: it is open, or is the next one.
    pub(crate) fn window(&self, now: OffsetDateTime, anchor: &Anchor) -> Option<Window> {
        // No window is longer than a day, so all earlier ones have closed.
        let mut window = self.next_window(now.saturating_sub(Duration::DAY), anchor)?;
        while window.closes <= now {
            window = self.next_window(window.opens, anchor)?;
        }
        Some(window)
    }

    /// `NextRotationDate`: the last second of the first window after the anchor. It is in the past if the rotation failed
    /// in that window (API reference).
    pub(crate) fn next_rotation_date(&self, anchor: &Anchor) -> Option<OffsetDateTime> {
        self.next_window(anchor.latest(), anchor).map(|window| window.last_second())
    }

    fn closing(&self, opens: OffsetDateTime) -> Option<OffsetDateTime> {
        let until_the_day_ends = || midnight(opens).checked_add(Duration::DAY);
        match (self.length, &self.repeat) {
            (Some(length), _) => opens.checked_add(length),
            (None, Repeat::Days(_)) => until_the_day_ends(),
            (None, Repeat::Cron(cron)) if cron.hours().count() == 1 => until_the_day_ends(),
            (None, Repeat::Cron(_) | Repeat::Hours(_)) => opens.checked_add(Duration::HOUR),
        }
    }
}

fn midnight(moment: OffsetDateTime) -> OffsetDateTime {
    moment.replace_time(Time::MIDNIGHT)
}

/// The first of `start + period`, `start + 2 * period`, ... that is later than `after`, which is not before `start`.
fn step_after(after: OffsetDateTime, start: OffsetDateTime, period: Duration) -> Option<OffsetDateTime> {
    let steps = (after - start).whole_seconds() / period.whole_seconds() + 1;
    start.checked_add(Duration::seconds(period.whole_seconds() * steps))
}
