//! The counts of a load test, and its report.

use std::collections::BTreeMap;
use std::time::Duration;

use local_aws::{Call, Rotation, WRITES_PER_SECOND};

use super::managed_secret::{Verdict, failures};
use super::{Plan, Rss};
use testbed::FUNCTIONS_KEY;

/// The secrets of one server.
#[derive(Clone, Debug)]
pub struct Row {
    /// The server, such as `mysql-9.7`.
    pub engine: String,
    /// How many secrets there are.
    pub secrets: usize,
    /// How many writes per second Secrets Manager admitted.
    pub writes_per_second: u32,
    /// Rotations that ended, successful or not.
    pub ended: usize,
    /// Secrets whose new version is current and signs in.
    pub rotated: usize,
    /// Secrets whose rotation did not complete, and why.
    pub unfinished: Vec<String>,
    /// Secrets with a version that must sign in and does not.
    pub lost: Vec<String>,
    /// Attempts of Secrets Manager after the first of each rotation.
    pub retries: usize,
    /// How often a step failed, by the class of its error.
    pub errors: BTreeMap<String, usize>,
    /// Calls of the functions, throttled ones included.
    pub calls: usize,
    /// Those of them that were throttled.
    pub throttled: usize,
    /// `PutSecretValue` and `UpdateSecretVersionStage` of the functions that were admitted.
    pub writes: usize,
    /// Sign-ins to the server during the rotations.
    pub sign_ins: usize,
    /// Sign-ins that the server rejected meanwhile.
    pub refused: usize,
    /// From the start of the first rotation to the end of the last.
    pub elapsed: Duration,
    /// How busy the processors of this machine were in that time, in percent.
    pub busy: f64,
    /// The processes of the functions that have handled enough events to compare their memory.
    pub memory: Vec<Rss>,
}

impl Row {
    pub(super) fn new(engine: String, plan: &Plan) -> Self {
        Self {
            engine,
            secrets: plan.secrets,
            writes_per_second: plan.writes_per_second,
            ended: 0,
            rotated: 0,
            unfinished: Vec::new(),
            lost: Vec::new(),
            retries: 0,
            errors: BTreeMap::new(),
            calls: 0,
            throttled: 0,
            writes: 0,
            sign_ins: 0,
            refused: 0,
            elapsed: Duration::ZERO,
            busy: 0.0,
            memory: Vec::new(),
        }
    }

    pub(super) fn ended(&mut self, rotation: &Rotation) {
        self.ended += 1;
        self.retries += rotation.attempts.len().saturating_sub(1);
        for failure in failures(rotation) {
            let class = failure.error_type.clone().unwrap_or_else(|| format!("{:?}", failure.kind));
            *self.errors.entry(class).or_default() += 1;
        }
    }

    pub(super) fn count(&mut self, calls: &[Call]) {
        for call in calls.iter().filter(|call| call.access_key == *FUNCTIONS_KEY) {
            self.calls += 1;
            let is_write = ["PutSecretValue", "UpdateSecretVersionStage"].contains(&call.operation.as_str());
            match call.error.as_deref() {
                Some("ThrottlingException") => self.throttled += 1,
                Some(_) | None => self.writes += usize::from(is_write),
            }
        }
    }

    pub(super) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Rotated => self.rotated += 1,
            Verdict::Unfinished(why) => self.unfinished.push(why),
            Verdict::Lost(what) => self.lost.push(what),
        }
    }

    /// The largest growth of a process, in KiB. `None` if no process has handled enough events.
    #[must_use]
    pub fn growth(&self) -> Option<usize> {
        self.memory.iter().map(|process| process.growth()).max()
    }

    /// Whether every secret was rotated, none lost and no process grew.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.rotated == self.secrets && self.lost.is_empty() && self.does_not_grow()
    }

    /// Whether no process grew by more than [`Rss::MOST_GROWTH`].
    #[must_use]
    pub fn does_not_grow(&self) -> bool {
        self.growth().is_none_or(|growth| growth <= Rss::MOST_GROWTH)
    }

    fn per_rotation(&self, count: usize) -> f64 {
        ratio(count, self.ended)
    }

    fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn bottleneck(&self) -> &'static str {
        // At the start and at the end fewer rotations run, which need fewer writes.
        let is_reached = self.per_second(self.writes) >= 0.9 * f64::from(self.writes_per_second);
        if is_reached { "the limit of writes" } else { "this machine" }
    }

    fn errors(&self) -> String {
        let errors: Vec<_> = self.errors.iter().map(|(class, count)| format!("{class} {count}")).collect();
        if errors.is_empty() { "0".to_owned() } else { errors.join(", ") }
    }
}

/// A Markdown table of these rows, and what they say about an account's capacity.
#[must_use]
pub fn report(rows: &[Row]) -> String {
    type Line = (&'static str, fn(&Row) -> String);
    let lines: [Line; 20] = [
        ("secrets", |row| row.secrets.to_string()),
        ("rotated", |row| row.rotated.to_string()),
        ("lost", |row| row.lost.len().to_string()),
        ("attempts of Secrets Manager beside the first", |row| row.retries.to_string()),
        ("steps that failed", Row::errors),
        ("calls per rotation", |row| format!("{:.1}", row.per_rotation(row.calls))),
        ("writes per rotation", |row| format!("{:.1}", row.per_rotation(row.writes))),
        ("calls that were throttled", |row| row.throttled.to_string()),
        ("sign-ins per rotation", |row| format!("{:.1}", row.per_rotation(row.sign_ins))),
        ("sign-ins refused", |row| row.refused.to_string()),
        ("seconds", |row| format!("{:.1}", row.elapsed.as_secs_f64())),
        ("rotations per second", |row| format!("{:.1}", row.per_second(row.rotated))),
        ("writes per second", |row| format!("{:.1}", row.per_second(row.writes))),
        ("sign-ins per second", |row| format!("{:.1}", row.per_second(row.sign_ins))),
        ("this machine's processors were busy", |row| format!("{:.0} %", row.busy)),
        ("the bottleneck", |row| row.bottleneck().to_owned()),
        ("processes with 12 rotations or more", |row| row.memory.len().to_string()),
        ("memory after 2 rotations, median (maximum)", |row| memory(&row.memory, |process| process.start)),
        ("memory at the end, median (maximum)", |row| memory(&row.memory, |process| process.end)),
        ("largest growth of a process", |row| megabytes(row.growth())),
    ];
    let of_all = |cell: &dyn Fn(&Row) -> String| rows.iter().map(cell).collect::<Vec<_>>().join(" | ");
    let mut text =
        format!("| | {} |\n| --- |{}\n", of_all(&|row| row.engine.clone()), " ---: |".repeat(rows.len()));
    for (name, cell) in lines {
        text.push_str(&format!("| {name} | {} |\n", of_all(&cell)));
    }
    text + "\n" + &account(rows)
}

/// How many secrets an account can rotate, and how many this machine rotated.
fn account(rows: &[Row]) -> String {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let over_all = |of: fn(&Row) -> f64| rows.iter().map(of).sum::<f64>();
    let seconds = over_all(|row| row.elapsed.as_secs_f64()).max(f64::MIN_POSITIVE);
    let limit = rows.iter().map(|row| row.writes_per_second).min().unwrap_or_default();
    let whose = if limit == WRITES_PER_SECOND { "AWS's limit" } else { "the limit of this run, not AWS's" };
    let writes = ratio(sum(|row| row.writes), sum(|row| row.rotated)).max(f64::MIN_POSITIVE);
    let admitted = f64::from(limit) / writes;
    let (done, written) = (sum(|row| row.rotated) as f64 / seconds, sum(|row| row.writes) as f64 / seconds);
    let bottlenecks: Vec<_> =
        rows.iter().map(|row| format!("{} on {}", row.bottleneck(), row.engine)).collect();
    format!(
        "- Computed: one account and region can rotate {} secrets an hour. PutSecretValue and UpdateSecretVersionStage \
         together may be called {limit} times a second ({whose}), and a rotation was counted to call them {writes:.1} \
         times: {admitted:.1} rotations a second. Reads stay far below their limit of 10,000 a second.\n\
         - Measured: this machine, which ran functions, servers and Secrets Manager, rotated {} secrets an hour, {done:.1} \
         a second, with {written:.1} writes a second. The bottleneck: {}.\n",
        thousands(admitted * 3600.0),
        thousands(done * 3600.0),
        bottlenecks.join(", ")
    )
}

/// A number with separators, such as 90,000.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let comma = |(place, digit): (usize, char)| {
        let comma = place > 0 && (digits.len() - place).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

/// The last line of the report.
#[must_use]
pub fn summary(rows: &[Row]) -> String {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let all: Vec<_> = rows.iter().flat_map(|row| row.memory.iter().copied()).collect();
    let median_of = |of: fn(&Rss) -> usize| megabytes(median(&all, of));
    format!(
        "load: {} secrets, {} rotated, {} lost, {:.1} calls per rotation, memory {} at the start and {} at the end",
        sum(|row| row.secrets),
        sum(|row| row.rotated),
        sum(|row| row.lost.len()),
        ratio(sum(|row| row.calls), sum(|row| row.ended)),
        median_of(|process| process.start),
        median_of(|process| process.end)
    )
}

fn memory(of: &[Rss], which: fn(&Rss) -> usize) -> String {
    format!("{} ({})", megabytes(median(of, which)), megabytes(of.iter().map(which).max()))
}

fn median(of: &[Rss], which: fn(&Rss) -> usize) -> Option<usize> {
    let mut values: Vec<_> = of.iter().map(which).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Megabytes, or `unknown` for `None`.
fn megabytes(kib: Option<usize>) -> String {
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1} MB", kib as f64 * 1024.0 / 1e6))
}

fn ratio(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}
