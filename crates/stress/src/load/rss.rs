//! Whether a process keeps what it handled.

use testbed::functions::Memory;

/// Two rotations: by then a process has run each step, and has what it keeps for good.
const WARM: usize = 8;
/// Ten more.
const MORE: usize = 40;

/// The resident memory of a process that has seen enough, in KiB.
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

    /// None of a process that has not seen enough.
    pub(super) fn of(memory: &Memory) -> Option<Self> {
        let after = &memory.after;
        (after.len() >= WARM + MORE).then(|| Self { start: after[WARM - 1], end: after[after.len() - 1] })
    }

    /// How much more it keeps at the end.
    #[must_use]
    pub fn growth(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}
