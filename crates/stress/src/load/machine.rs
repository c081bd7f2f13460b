//! How busy this machine is, by `/proc` of Linux.

use std::fs;

/// The time that all processors together have spent since the machine's start, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Processors {
    idle: u64,
    all: u64,
}

impl Processors {
    pub(super) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        // user nice system idle iowait irq softirq steal (proc(5)).
        let ticks: Vec<u64> =
            stat.lines().next().unwrap_or_default().split(' ').filter_map(|tick| tick.parse().ok()).collect();
        Self { idle: ticks.iter().skip(3).take(2).sum(), all: ticks.iter().take(8).sum() }
    }

    /// How much of the time since `then` all processes together used, in percent.
    pub(super) fn busy_since(self, then: Self) -> f64 {
        let (idle, all) = (self.idle - then.idle, self.all - then.all);
        if all == 0 { 0.0 } else { (all - idle) as f64 * 100.0 / all as f64 }
    }
}
