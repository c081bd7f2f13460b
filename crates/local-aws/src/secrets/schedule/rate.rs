use super::invalid_expression;
use super::repeat::Repeat;
use crate::secrets::Refusal;

/// The inner text of `rate(N unit)`: digits, one space and `hour`, `hours`, `day` or `days` (user guide).
///
/// - 4 to 23 hours (user guide: "as often as every four hours"; the upper limit and the text are reported).
/// - 1 to 999 days (user guide; text reported).
/// - One is singular and all others are plural. Inferred: `EventBridge` and Systems Manager document it for the same form,
///   and `rate(1 hours)` is recorded as refused, which the limit explains as well.
pub(super) fn parse(text: &str) -> Result<Repeat, Refusal> {
    let (number, unit) = text.split_once(' ').ok_or_else(invalid_expression)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_expression());
    }
    // A number that no u16 holds is beyond both limits.
    let number = number.parse().unwrap_or(u16::MAX);
    let repeat = match unit {
        "hour" | "hours" => hours(number),
        "day" | "days" => days(number),
        _ => Err(invalid_expression()),
    }?;
    match (number == 1) == unit.ends_with('s') {
        true => Err(invalid_expression()),
        false => Ok(repeat),
    }
}

fn hours(number: u16) -> Result<Repeat, Refusal> {
    match u8::try_from(number) {
        Ok(hours @ 4..=23) => Ok(Repeat::Hours(hours)),
        Ok(_) | Err(_) => Err(Refusal::invalid_parameter("Rate in hour should be least 4 and less than 24.")),
    }
}

fn days(number: u16) -> Result<Repeat, Refusal> {
    match number {
        1..=999 => Ok(Repeat::Days(number)),
        _ => Err(Refusal::invalid_parameter("Rate in day should be greater than 0 and less than 1000.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_4_to_23_hours_or_1_to_999_days_and_agrees_with_its_unit() {
        for (text, repeat) in [
            ("4 hours", Repeat::Hours(4)),
            ("23 hours", Repeat::Hours(23)),
            ("1 day", Repeat::Days(1)),
            ("10 days", Repeat::Days(10)),
            ("999 days", Repeat::Days(999)),
        ] {
            assert_eq!(parse(text), Ok(repeat), "{text}");
        }
        let invalid = "Invalid schedule expression.";
        let hours = "Rate in hour should be least 4 and less than 24.";
        let days = "Rate in day should be greater than 0 and less than 1000.";
        for (text, message) in [
            ("3 minutes", invalid),
            ("1 week", invalid),
            ("5 hour", invalid),
            ("1 days", invalid),
            ("2 day", invalid),
            ("", invalid),
            ("4", invalid),
            ("4hours", invalid),
            ("4  hours", invalid),
            (" 4 hours", invalid),
            ("4 hours ", invalid),
            ("4 HOURS", invalid),
            ("-4 hours", invalid),
            ("4,5 hours", invalid),
            (" hours", invalid),
            ("1 hours", hours),
            ("1 hour", hours),
            ("0 hours", hours),
            ("3 hours", hours),
            ("24 hours", hours),
            ("260 hours", hours),
            ("0 days", days),
            ("1000 days", days),
            ("99999999999999999999 days", days),
        ] {
            assert_eq!(parse(text), Err(Refusal::invalid_parameter(message)), "{text}");
        }
    }
}
