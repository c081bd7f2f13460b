//! What came of it, as a row of a table.

use std::fmt::Write;

use super::checks::Strategy;
use super::number_of;
use testbed::STEPS;

/// One function on one server under one kind of fault.
#[derive(Clone, Debug)]
pub struct Row {
    /// The server, such as `mysql-9.7`.
    pub engine: String,
    /// How the function rotates.
    pub strategy: Strategy,
    /// The kind of fault.
    pub fault: &'static str,
    /// How often it struck in each of the four steps.
    pub struck: [usize; 4],
    /// Rotations that were completed.
    pub rotations: usize,
    /// Rotations that an operator gave up.
    pub given_up: usize,
    /// Attempts beside the first of each rotation.
    pub retries: usize,
    /// Everything that was not as it should be.
    pub violations: Vec<String>,
}

impl Row {
    /// Nothing yet.
    #[must_use]
    pub fn new(engine: String, strategy: Strategy, fault: &'static str) -> Self {
        let (struck, violations) = ([0; 4], Vec::new());
        Self { engine, strategy, fault, struck, rotations: 0, given_up: 0, retries: 0, violations }
    }

    /// How often the fault struck.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.struck.iter().sum()
    }

    pub(super) fn strike(&mut self, step: &str) {
        self.struck[number_of(step)] += 1;
    }

    pub(super) fn note(&mut self, context: &str, violations: Vec<String>) {
        self.violations.extend(violations.into_iter().map(|violation| format!("{context}: {violation}")));
    }
}

/// A Markdown table of these rows.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "| engine | strategy | fault | cases | {} | rotations | given up | retries | violations |\n",
        STEPS.join(" | ")
    );
    let _ = writeln!(text, "| --- | --- | --- |{}", " ---: |".repeat(9));
    for row in rows {
        let strategy = row.strategy.name();
        let [create, set, test, finish] = row.struck;
        let _ = writeln!(
            text,
            "| {} | {strategy} | {} | {} | {create} | {set} | {test} | {finish} | {} | {} | {} | {} |",
            row.engine,
            row.fault,
            row.cases(),
            row.rotations,
            row.given_up,
            row.retries,
            row.violations.len()
        );
    }
    text
}
