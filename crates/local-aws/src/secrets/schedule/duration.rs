use time::Duration;

use super::repeat::Repeat;
use crate::secrets::Refusal;

/// `Duration`, the length of a window: a number of hours and `h`, from `1h` to `24h`.
///
/// Two or three characters of digits and `h` (API reference). The limit and its text are reported; `99h` is recorded as
/// refused.
pub(super) fn parse(text: &str) -> Result<Duration, Refusal> {
    let allowed = |byte: u8| byte.is_ascii_digit() || byte == b'h';
    if !(2..=3).contains(&text.len()) || !text.bytes().all(allowed) {
        return Err(Refusal::validation(
            "rotationRules.duration",
            "satisfy regular expression pattern: [0-9h]+ and have length between 2 and 3",
        ));
    }
    match text.strip_suffix('h').map(str::parse) {
        Some(Ok(hours @ 1..=24)) => Ok(Duration::hours(hours)),
        Some(Ok(_) | Err(_)) | None => {
            Err(Refusal::invalid_parameter("Duration must be at least 1 hour, at most 24 hour."))
        }
    }
}

/// Refuses a length with which a window would reach into the next one, or into the next UTC day if windows open at most
/// once a day (user guide; texts reported).
///
/// For a rate in hours only the next window counts, as in the user guide. The API reference forbids the next UTC day for
/// all windows; `rate(10 hours)` with `10h` would break that. That a cron expression in hours gets the text of a rate is
/// inferred.
pub(super) fn check_fits(length: Duration, repeat: &Repeat) -> Result<(), Refusal> {
    let beyond_next = || Err(Refusal::invalid_parameter("Duration cannot be greater than Rate in hour."));
    match repeat {
        // From midnight, for 24 hours at most.
        Repeat::Days(_) => Ok(()),
        Repeat::Hours(hours) if length > Duration::hours((*hours).into()) => beyond_next(),
        Repeat::Hours(_) => Ok(()),
        Repeat::Cron(cron) => {
            let hours: Vec<u8> = cron.hours().collect();
            let room = |pair: &[u8]| Duration::hours((pair[1] - pair[0]).into());
            let last = hours.last().copied().unwrap_or_default();
            if Duration::hours(last.into()) + length > Duration::DAY {
                return Err(Refusal::invalid_parameter("Starting hour and duration must be within a day."));
            }
            match hours.windows(2).any(|pair| room(pair) < length) {
                true => beyond_next(),
                false => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_1h_to_24h() {
        for (text, hours) in [("1h", 1), ("3h", 3), ("24h", 24), ("01h", 1)] {
            assert_eq!(parse(text), Ok(Duration::hours(hours)), "{text}");
        }
        for text in ["0h", "25h", "99h", "24", "h1", "hh", "1hh", "h1h", "123"] {
            assert_eq!(parse(text).map_err(|refusal| refusal.code), Err("InvalidParameterException".into()));
        }
        for text in ["", "h", "1", "100h", "1H", "3 h", "-1h", "+1h", "1.h", "3ħ", "３h"] {
            assert_eq!(
                parse(text).map_err(|refusal| refusal.code),
                Err("ValidationException".into()),
                "{text}"
            );
        }
    }
}
