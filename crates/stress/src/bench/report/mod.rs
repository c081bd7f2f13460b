//! The figures of a run: as tables, as JSON, as a picture, and as a page of the docs.

mod gap;
mod json;
mod money;
mod page;
mod picture;
mod table;

pub use self::{gap::gap, gap::with_gap, json::json, page::page, picture::picture, table::table};
use super::{Condition, Figure, ProcessAge, Sample, Share, Spread, figure};

/// What a run has measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many rotations each row has.
    pub rotations: usize,
    /// What the peer is, as it describes itself.
    pub peer: Option<String>,
    /// Why the figures for 128 MB are missing, if they were asked for.
    pub no_limit: Option<String>,
    /// The rows, in the order in which they were measured.
    pub rows: Vec<Row>,
    /// Single user in both orders, in turns.
    pub gaps: Vec<Row>,
}

/// An implementation of a function under one condition.
#[derive(Clone, Debug)]
pub struct Row {
    /// The function's name.
    pub function: String,
    /// The database server, such as `mysql-9.7`.
    pub server: String,
    /// `ours`, `peer` or `nothing`.
    pub implementation: &'static str,
    /// The condition.
    pub condition: Condition,
    /// The measurements of each rotation.
    pub samples: Vec<Sample>,
}

impl Report {
    /// The functions, in the order in which they were measured.
    fn functions(&self) -> Vec<&str> {
        let mut functions: Vec<&str> = self.rows.iter().map(|row| row.function.as_str()).collect();
        functions.dedup();
        functions
    }

    /// Whether there is a peer.
    fn has_peer(&self) -> bool {
        self.rows.iter().any(|row| row.implementation == "peer")
    }

    fn find(&self, function: &str, implementation: &str, condition: Condition) -> Option<&Row> {
        let is_it = |row: &&Row| {
            row.function == function && row.implementation == implementation && row.condition == condition
        };
        self.rows.iter().find(is_it)
    }

    /// The condition of this share with the longest delays, which is closest to Lambda.
    fn longest(&self, process: ProcessAge, share: Share) -> Option<Condition> {
        let all = self.rows.iter().map(|row| row.condition);
        let such = all.filter(|condition| condition.process == process && condition.share == share);
        such.max_by_key(|condition| (condition.api, condition.database))
    }
}

impl Row {
    /// `None` if the figure does not apply.
    #[must_use]
    pub fn spread(&self, key: &str) -> Option<Spread> {
        figure(key).of(&self.samples)
    }

    fn median(&self, key: &str) -> Option<f64> {
        self.spread(key).map(|spread| spread.median)
    }

    /// A line that says what was measured.
    pub(super) fn progress(&self) -> String {
        let steps = cell(&figure("four_steps_ms"), &self.samples);
        let (function, implementation, rotations) = (&self.function, self.implementation, self.samples.len());
        format!(
            "{function}, {implementation}, {}: {rotations} rotations, four steps {steps} ms",
            conditions(self.condition)
        )
    }
}

/// A condition, such as `cold, 1/14 core, +5 ms a call, +1 ms a message`.
fn conditions(of: Condition) -> String {
    let (process, share) = (of.process.name(), of.share.name());
    let (api, database) = (of.api.as_millis(), of.database.as_millis());
    let pause = match of.pause.as_millis() {
        0 => String::new(),
        pause => format!(", {pause} ms between steps"),
    };
    format!("{process}, {share} core, +{api} ms a call, +{database} ms a message{pause}")
}

/// The median, with the quartiles if they differ.
fn cell(figure: &Figure, samples: &[Sample]) -> String {
    let Some(spread) = figure.of(samples) else { return "–".to_owned() };
    let digits = figure.digits;
    let text = |number: f64| format!("{number:.digits$}");
    let (lower, median, upper) = (text(spread.lower), text(spread.median), text(spread.upper));
    if lower == upper { median } else { format!("{median} ({lower} to {upper})") }
}
