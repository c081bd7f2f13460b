//! What the reader sees. Colours only on a terminal.

use std::{
    io::{IsTerminal, stdout},
    time::Duration,
};

use crate::{observer::Version, scenarios::Scenario};

const LABELS: [&str; 3] = ["AWSPREVIOUS", "AWSCURRENT", "AWSPENDING"];
const COLUMN: usize = 34;
const GREEN: &str = "32";
const RED: &str = "31";
const GREY: &str = "90";
const BOLD: &str = "1";

pub(crate) fn part(name: &str, address: &str) {
    println!("{name:28} {address}");
}

pub(crate) fn title(scenario: &Scenario, number: usize, of: usize) {
    let title = format!("{}, {}: rotation {number} of {of}", scenario.application, scenario.strategy);
    println!("\n{}", paint(BOLD, &title));
    let labels = LABELS.map(|label| format!("{label:COLUMN$}"));
    println!("{}", paint(GREY, &format!("  {:14} {:>8}  {}", "step", "took", labels.join("").trim_end())));
}

/// One line a step: under each label the version that carries it, whose user it is, and whether it signs in.
pub(crate) fn step(step: &str, took: Duration, versions: &[Version]) {
    let columns = LABELS.map(|label| {
        let version = versions.iter().find(|version| version.labels.iter().any(|has| has == label));
        version.map_or_else(|| padded("-", "-".to_owned()), column)
    });
    let took = format!("{} ms", took.as_millis());
    println!("  {step:14} {took:>8}  {}", columns.join("").trim_end());
}

pub(crate) fn problems(problems: &[String]) {
    for problem in problems {
        println!("  {}", paint(RED, &format!("FAILED: {problem}")));
    }
    if !problems.is_empty() {
        println!("  the functions' log: target/demo/functions.log");
    }
}

fn column(version: &Version) -> String {
    let id = version.id.get(..4).unwrap_or(&version.id);
    let Some(user) = &version.user else {
        return padded(&format!("{id} no value yet"), format!("{id} {}", paint(GREY, "no value yet")));
    };
    let (verdict, color) = if version.signs_in { ("signs in", GREEN) } else { ("refused", GREY) };
    padded(&format!("{id} {user} {verdict}"), format!("{id} {user} {}", paint(color, verdict)))
}

/// The painted text, as wide as a column: what paints has no width.
fn padded(plain: &str, painted: String) -> String {
    painted + &" ".repeat(COLUMN.saturating_sub(plain.chars().count()))
}

pub(crate) fn paint(color: &str, text: &str) -> String {
    if stdout().is_terminal() { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
}
