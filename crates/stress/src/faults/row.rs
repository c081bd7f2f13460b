//! The counts of a run, as a row of a table.

use std::fmt::Write;

use rotation::{Promotion, Strategy};

use super::injector::number_of;
use super::strategy::strategy_name;
use testbed::{ChangedBy, STEPS};

/// One function on one server under one kind of fault.
#[derive(Clone, Debug)]
pub struct Row {
    /// The server, such as `mysql-9.7`.
    pub engine: String,
    /// The function's strategy.
    pub strategy: Strategy,
    /// Who changes the passwords of two alternating users.
    pub changed_by: ChangedBy,
    /// Which of its steps makes the new version current.
    pub promotion: Promotion,
    /// The kind of fault.
    pub fault: &'static str,
    /// How often the fault interrupted each of the four steps.
    pub interruptions: [usize; 4],
    /// Rotations that were completed.
    pub rotations: usize,
    /// Rotations that an operator gave up.
    pub given_up: usize,
    /// Attempts after the first of each rotation.
    pub retries: usize,
    /// Descriptions of everything that must not happen.
    pub violations: Vec<String>,
}

impl Row {
    /// A row with all counts 0, for the promotion in finishSecret.
    #[must_use]
    pub fn new(engine: String, (strategy, changed_by): (Strategy, ChangedBy), fault: &'static str) -> Self {
        let (interruptions, violations) = ([0; 4], Vec::new());
        Self {
            engine,
            strategy,
            changed_by,
            promotion: Promotion::InFinishSecret,
            fault,
            interruptions,
            rotations: 0,
            given_up: 0,
            retries: 0,
            violations,
        }
    }

    /// How many attempts the fault interrupted.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.interruptions.iter().sum()
    }

    pub(super) fn count_interruption(&mut self, step: &str) {
        self.interruptions[number_of(step)] += 1;
    }

    pub(super) fn add(&mut self, context: &str, violations: Vec<String>) {
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
        let strategy = strategy_name(row.strategy, row.changed_by, row.promotion);
        let [create, set, test, finish] = row.interruptions;
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
