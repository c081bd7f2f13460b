//! Times as a person reads them.

use std::time::{Duration, SystemTime};

/// A duration in its largest unit, such as "3 days".
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("day", 24 * 60 * 60), ("hour", 60 * 60), ("minute", 60)];
    let unit = units.into_iter().find(|(_, length)| seconds >= 2 * length);
    let (name, number) = unit.map_or(("second", seconds), |(name, length)| (name, seconds / length));
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}

/// A time as seen from `now`, such as "3 days ago".
pub(crate) fn relative(time: SystemTime, now: SystemTime) -> String {
    match now.duration_since(time) {
        Ok(past) => format!("{} ago", duration(past)),
        Err(error) => format!("in {}", duration(error.duration())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, text) in
            [(0, "0 seconds"), (1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7_200, "2 hours")]
        {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(duration(Duration::from_secs(200_000)), "2 days");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(relative(now - Duration::from_secs(300), now), "5 minutes ago");
        assert_eq!(relative(now + Duration::from_secs(300), now), "in 5 minutes");
    }
}
