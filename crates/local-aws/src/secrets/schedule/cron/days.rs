use time::Date;

use super::field::{Field, Values};

/// The days of a month on which windows open. A day of the week is 1 (Sunday) to 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    OfMonth(Values),
    LastOfMonth,
    OfWeek(Values),
    /// The last one of the month, such as the last Sunday.
    LastOfWeekday(u8),
    /// `nth` is 1 to 5; a month without a fifth one has no window.
    NthOfWeekday {
        weekday: u8,
        nth: u8,
    },
}

impl Days {
    /// The field day-of-month: a list of values, `L` for the last day, or a weekday and `L` for the last such day, such
    /// as `SUNL` (user guide). `W` is not in the user guide's table, and refused.
    pub(super) fn of_month(text: &str) -> Option<Self> {
        match text {
            "L" => Some(Days::LastOfMonth),
            _ => last_of_weekday(text).or_else(|| Field::DayOfMonth.parse(text).map(Days::OfMonth)),
        }
    }

    /// The field day-of-week: a list of values, `L` for the last day of the week, or `DAY#N` (user guide). Also `DAYL`,
    /// inferred: that is where `EventBridge` has it. Neither `L` nor `#` may be part of a list (inferred).
    pub(super) fn of_week(text: &str) -> Option<Self> {
        if text == "L" {
            return Field::DayOfWeek.parse("SAT").map(Days::OfWeek);
        }
        if let Some((weekday, nth)) = text.split_once('#') {
            let weekday = Field::DayOfWeek.parse_value(weekday)?;
            let nth = nth.parse().ok().filter(|_| matches!(nth, "1" | "2" | "3" | "4" | "5"))?;
            return Some(Days::NthOfWeekday { weekday, nth });
        }
        last_of_weekday(text).or_else(|| Field::DayOfWeek.parse(text).map(Days::OfWeek))
    }

    pub(super) fn contain(&self, date: Date) -> bool {
        let weekday = date.weekday().number_from_sunday();
        let length = date.month().length(date.year());
        match self {
            Days::OfMonth(days) => days.contains(date.day()),
            Days::LastOfMonth => date.day() == length,
            Days::OfWeek(days) => days.contains(weekday),
            Days::LastOfWeekday(day) => weekday == *day && date.day() + 7 > length,
            Days::NthOfWeekday { weekday: day, nth } => weekday == *day && date.day().div_ceil(7) == *nth,
        }
    }

    /// Whether some month of `length` days, in some year, has one of these days. All weekdays occur five times in a month
    /// of 29 days in some year.
    pub(super) fn fit_in_a_month_of(&self, length: u8) -> bool {
        match self {
            Days::OfMonth(days) => days.iter().any(|day| day <= length),
            Days::LastOfMonth | Days::OfWeek(_) | Days::LastOfWeekday(_) | Days::NthOfWeekday { .. } => true,
        }
    }
}

/// `SUNL` or `1L`.
fn last_of_weekday(text: &str) -> Option<Days> {
    let weekday = text.strip_suffix('L')?;
    Field::DayOfWeek.parse_value(weekday).map(Days::LastOfWeekday)
}
