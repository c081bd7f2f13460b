//! The figures for people.

use std::fmt::Write;

use super::{Report, Row, cell, conditions};
use crate::bench::figure;

/// The columns of the first table, and of the second.
const WHOLE: [&str; 9] = [
    "start_to_ready_ms",
    "four_steps_ms",
    "gap_ms",
    "start_cpu_ms",
    "rotation_cpu_ms",
    "peak_memory_mib",
    "api_calls",
    "api_connections",
    "database_connections",
];
const STEPS: [&str; 4] = ["create_secret_ms", "set_secret_ms", "test_secret_ms", "finish_secret_ms"];
/// What is compared with a peer.
const COMPARED: [&str; 6] =
    ["start_to_ready_ms", "four_steps_ms", "gap_ms", "start_cpu_ms", "rotation_cpu_ms", "peak_memory_mib"];

/// Markdown: the figures and step times of each function, then ours compared with a peer's.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    for function in report.functions() {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.function == function).collect();
        let server = rows.first().map_or("", |row| row.server.as_str());
        let _ = write!(text, "### {function} on {server}\n\n{}\n{}\n", of(&rows, &WHOLE), of(&rows, &STEPS));
    }
    if report.has_peer() {
        let _ = write!(
            text,
            "### Ours beside the peer's\n\nMedian by median, 1 is equal.\n\n{}\n",
            compared(report)
        );
    }
    text
}

fn of(rows: &[&Row], keys: &[&str]) -> String {
    let mut text = head(&["conditions", "implementation"], keys);
    for row in rows {
        let _ = write!(text, "| {} | {} |", conditions(row.condition), row.implementation);
        for key in keys {
            let _ = write!(text, " {} |", cell(&figure(key), &row.samples));
        }
        text.push('\n');
    }
    text
}

fn compared(report: &Report) -> String {
    let mut text = head(&["function", "conditions"], &COMPARED);
    for peer in report.rows.iter().filter(|row| row.implementation == "peer") {
        let Some(ours) = report.find(&peer.function, "ours", peer.condition) else { continue };
        let _ = write!(text, "| {} | {} |", peer.function, conditions(peer.condition));
        for key in COMPARED {
            let ratio = ours.median(key).zip(peer.median(key)).filter(|(_, peer)| *peer > 0.0);
            let _ = match ratio {
                Some((ours, peer)) => write!(text, " {:.3} |", ours / peer),
                None => write!(text, " – |"),
            };
        }
        text.push('\n');
    }
    text
}

fn head(names: &[&str], keys: &[&str]) -> String {
    let titles: Vec<_> =
        keys.iter().map(|key| figure(key).title.trim_end_matches(", ms").to_owned()).collect();
    let (names, left, right) =
        (names.join(" | "), " --- |".repeat(names.len()), " ---: |".repeat(keys.len()));
    format!("| {names} | {} |\n|{left}{right}\n", titles.join(" | "))
}
