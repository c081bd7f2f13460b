use super::cron::Cron;

/// How often a window opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Every so many days: `AutomaticallyAfterDays` or `rate(N days)`.
    Days(u16),
    /// Every so many hours: `rate(N hours)`.
    Hours(u8),
    Cron(Cron),
}
