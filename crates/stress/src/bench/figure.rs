//! What is measured of a rotation, and how many rotations are summarized.

use std::time::Duration;

/// The measurements of one rotation.
#[derive(Clone, Debug)]
pub struct Sample {
    pub(super) ready: Option<Duration>,
    pub(super) ready_cpu: Option<Duration>,
    pub(super) steps: [Duration; 4],
    pub(super) gap: Option<Duration>,
    pub(super) cpu: Duration,
    pub(super) memory_kib: usize,
    pub(super) calls: usize,
    pub(super) api_connections: usize,
    pub(super) database_connections: usize,
}

/// One number of a rotation.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name in the JSON, with its unit.
    pub key: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// How many digits follow the decimal point.
    pub(super) digits: usize,
    of: fn(&Sample) -> Option<f64>,
}

macro_rules! figure {
    ($key:literal, $title:literal, $digits:literal, $of:expr) => {
        Figure { key: $key, title: $title, digits: $digits, of: $of }
    };
}

/// All figures. Times are in milliseconds, memory in MiB.
pub const FIGURES: [Figure; 15] = [
    figure!("start_to_ready_ms", "start to ready, ms", 1, |s| s.ready.map(ms)),
    figure!("four_steps_ms", "four steps, ms", 1, |s| Some(s.steps.iter().copied().map(ms).sum())),
    figure!("create_secret_ms", "createSecret, ms", 1, |s| Some(ms(s.steps[0]))),
    figure!("set_secret_ms", "setSecret, ms", 1, |s| Some(ms(s.steps[1]))),
    figure!("test_secret_ms", "testSecret, ms", 1, |s| Some(ms(s.steps[2]))),
    figure!("finish_secret_ms", "finishSecret, ms", 1, |s| Some(ms(s.steps[3]))),
    figure!("gap_ms", "gap, ms", 1, |s| s.gap.map(ms)),
    figure!("start_cpu_ms", "CPU of the start, ms", 1, |s| s.ready_cpu.map(ms)),
    figure!("rotation_cpu_ms", "CPU of the four steps, ms", 1, |s| Some(ms(s.cpu))),
    figure!("peak_memory_mib", "peak memory, MiB", 1, |s| Some(s.memory_kib as f64 / 1024.0)),
    figure!("api_calls", "calls", 0, |s| Some(s.calls as f64)),
    figure!("api_connections", "connections to Secrets Manager", 0, |s| Some(s.api_connections as f64)),
    figure!("database_connections", "connections to the database", 0, |s| Some(
        s.database_connections as f64
    )),
    figure!("start_and_rotation_cpu_ms", "CPU of start and four steps, ms", 1, |s| {
        s.ready_cpu.map(|start| ms(start + s.cpu))
    }),
    figure!("billed_ms", "billed, ms", 0, |s| {
        Some(s.steps.iter().copied().chain(s.ready).map(|time| ms(time).ceil()).sum())
    }),
];

/// The figure of this key.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn figure(key: &str) -> Figure {
    FIGURES.into_iter().find(|figure| figure.key == key).unwrap_or_else(|| panic!("no figure {key}"))
}

/// The median and quartiles of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many numbers there are.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// The lower quartile.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub upper: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// `None` if there are no numbers.
    #[must_use]
    pub fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let (below, above) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Some(Self {
            count: numbers.len(),
            min: at(0.0),
            lower: at(0.25),
            median: at(0.5),
            upper: at(0.75),
            max: at(1.0),
        })
    }
}

impl Figure {
    /// This figure of these rotations. `None` if it does not apply, such as start to ready of a warm process.
    #[must_use]
    pub fn of(&self, samples: &[Sample]) -> Option<Spread> {
        Spread::of(samples.iter().filter_map(self.of).collect())
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
