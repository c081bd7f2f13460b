//! Whether the memory of a process grows.

use testbed::functions::Memory;

/// How many events a process handles before its memory is compared: two rotations, so that it has run each step.
const WARM: usize = 8;
/// How many events it must handle after those: ten rotations.
const MORE: usize = 40;

/// The resident memory of a process that has handled enough events, in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rss {
    /// After two rotations' worth of events.
    pub start: usize,
    /// After its last event, at least ten rotations later.
    pub end: usize,
}

impl Rss {
    /// The most that a process may grow by, in KiB: over 40 events 25 each, which is less than the buffers of one
    /// connection with TLS. Allocator and kernel were seen to vary by 100.
    pub const MOST_GROWTH: usize = 1024;

    /// `None` for a process that has handled fewer events.
    pub(super) fn of(memory: &Memory) -> Option<Self> {
        let after = &memory.after;
        (after.len() >= WARM + MORE).then(|| Self { start: after[WARM - 1], end: after[after.len() - 1] })
    }

    /// How much more memory it has at the end, in KiB.
    #[must_use]
    pub fn growth(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}
