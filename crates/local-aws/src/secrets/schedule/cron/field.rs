/// A field of an expression.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

/// A set of numbers below 32; never empty after parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values(u32);

impl Values {
    pub(super) fn contains(self, value: u8) -> bool {
        self.iter().any(|each| each == value)
    }

    /// In ascending order.
    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |value| self.0 & (1 << value) != 0)
    }
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Field {
    /// A list, separated by commas, of: `*`; a value; a range `A-B`; an increment `A/N`, `*/N` or `/N`, which goes on to
    /// the field's last value (user guide; that an increment of a range is refused is inferred). `None` for all other
    /// texts.
    pub(super) fn parse(self, text: &str) -> Option<Values> {
        text.split(',').try_fold(Values(0), |all, item| Some(Values(all.0 | self.parse_item(item)?.0)))
    }

    fn parse_item(self, item: &str) -> Option<Values> {
        let (first, last) = self.limits();
        if let Some((start, step)) = item.split_once('/') {
            let start = if matches!(start, "" | "*") { first } else { self.parse_value(start)? };
            let step = number(step).filter(|step| (1..=last).contains(step))?;
            return Some(values((start..=last).step_by(step.into())));
        }
        if item == "*" {
            return Some(values(first..=last));
        }
        let (start, end) = item.split_once('-').unwrap_or((item, item));
        let (start, end) = (self.parse_value(start)?, self.parse_value(end)?);
        // A range that runs over the end of the field, such as FRI-MON, is refused (inferred).
        (start <= end).then(|| values(start..=end))
    }

    /// A number within the field's limits, or a name in letters of any case (user guide: names of months and days).
    pub(super) fn parse_value(self, text: &str) -> Option<u8> {
        let (first, last) = self.limits();
        let names = self.names().iter().zip(first..);
        let named = names.filter(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| value).next();
        named.or_else(|| number(text).filter(|value| (first..=last).contains(value)))
    }

    /// The first and the last value. The week begins with Sunday, which is 1 (user guide).
    fn limits(self) -> (u8, u8) {
        match self {
            Field::Hour => (0, 23),
            Field::DayOfMonth => (1, 31),
            Field::Month => (1, 12),
            Field::DayOfWeek => (1, 7),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Field::Hour | Field::DayOfMonth => &[],
            Field::Month => &MONTHS,
            Field::DayOfWeek => &WEEKDAYS,
        }
    }
}

fn values(numbers: impl Iterator<Item = u8>) -> Values {
    Values(numbers.fold(0, |bits, number| bits | (1 << number)))
}

/// One or two digits.
fn number(text: &str) -> Option<u8> {
    let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
