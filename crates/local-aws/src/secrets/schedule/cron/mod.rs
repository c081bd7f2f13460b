//! `cron(Minutes Hours Day-of-month Month Day-of-week Year)` as Secrets Manager has it.

mod days;
mod field;

use days::Days;
use field::{Field, Values};
use time::{Date, Month, OffsetDateTime, Time};

/// A cron expression: the full hours of some days at which a window opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    hours: Values,
    months: Values,
    days: Days,
}

/// The shortest time between two windows of a day, in hours (user guide: "as often as every four hours").
///
/// It is checked within a day only, since increments start again each day (user guide): with `0/11`, a window opens at
/// 22:00 and the next one at midnight.
const SHORTEST_GAP: u8 = 4;

impl Cron {
    /// Parses the six fields between the brackets; `None` if one is not as the user guide requires, or if there is no
    /// day that they match (the 30th of February; inferred).
    ///
    /// - Minutes are `0`, the year is `*` (user guide).
    /// - Hours are a number or an increment (user guide). Lists and `*/N` are accepted, since cdk-preflight does. All must
    ///   be four apart, which refuses `*` and ranges, too.
    /// - Exactly one of day of month and day of week is `?` (user guide).
    /// - Fields are separated by one space (inferred).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split(' ').collect();
        let ["0", hours, day_of_month, month, day_of_week, "*"] = fields[..] else { return None };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => None,
            (day_of_month, "?") => Days::of_month(day_of_month),
            ("?", day_of_week) => Days::of_week(day_of_week),
            _ => None,
        }?;
        let cron = Cron { hours: parse_hours(hours)?, months: Field::Month.parse(month)?, days };
        cron.matches_a_day().then_some(cron)
    }

    /// The hours at which a window opens, in ascending order; at least one.
    pub(super) fn hours(&self) -> impl Iterator<Item = u8> {
        self.hours.iter()
    }

    /// When the next window opens, strictly after `after`, which is in UTC; `None` if the calendar ends before (in the
    /// year 9999).
    pub(super) fn next_opening(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let days = std::iter::successors(Some(after.date()), |date| self.day_to_try_after(*date));
        days.filter(|date| self.matches(*date)).find_map(|date| self.opening_on(date, after))
    }

    fn opening_on(&self, date: Date, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let openings = self.hours().filter_map(|hour| Time::from_hms(hour, 0, 0).ok());
        openings.map(|time| date.with_time(time).assume_utc()).find(|opening| *opening > after)
    }

    fn matches(&self, date: Date) -> bool {
        self.months.contains(date.month().into()) && self.days.contain(date)
    }

    /// The next day, or the first of the next month if this month has no windows.
    fn day_to_try_after(&self, date: Date) -> Option<Date> {
        if self.months.contains(date.month().into()) {
            return date.next_day();
        }
        let year = if date.month() == Month::December { date.year() + 1 } else { date.year() };
        Date::from_calendar_date(year, date.month().next(), 1).ok()
    }

    fn matches_a_day(&self) -> bool {
        const LEAP_YEAR: i32 = 2000;
        let months = self.months.iter().filter_map(|month| Month::try_from(month).ok());
        months.map(|month| month.length(LEAP_YEAR)).any(|length| self.days.fit_in_a_month_of(length))
    }
}

fn parse_hours(text: &str) -> Option<Values> {
    let values = Field::Hour.parse(text)?;
    let hours: Vec<u8> = values.iter().collect();
    hours.windows(2).all(|pair| pair[1] - pair[0] >= SHORTEST_GAP).then_some(values)
}

#[cfg(test)]
mod tests;
