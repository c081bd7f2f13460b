//! The pictures' numbers as a table, which stands on docs/strategies.md.

use std::fmt::Write;

use super::recording::Recording;
use super::words::of_password;
use crate::figures::with_section;

/// A table of these recordings: a row for each rotation. Labels are those of before finishSecret.
#[must_use]
pub fn table(recordings: &[Recording]) -> String {
    let mut text = "| strategy | rotation | sign-ins with AWSCURRENT | of them rejected | password of AWSPENDING | of AWSCURRENT \
                    | of AWSPREVIOUS |\n\
                    | --- | --- | ---: | ---: | --- | --- | --- |\n"
        .to_owned();
    for recording in recordings {
        for (number, rotation) in (1..).zip(&recording.rotations) {
            let mut passwords = rotation.versions.iter().rev().map(of_password);
            let (new, current) = (passwords.next(), passwords.next());
            let cell = |words: Option<String>| words.unwrap_or_else(|| "no such version".to_owned());
            let _ = writeln!(
                text,
                "| {} | {number} | {} | {} | {} | {} | {} |",
                recording.mode,
                rotation.application.len(),
                rotation.rejected().count(),
                cell(new),
                cell(current),
                cell(passwords.next()),
            );
        }
    }
    text
}

/// The page with this table in its place. `None` if the page has no such place.
#[must_use]
pub fn with_table(page: &str, table: &str) -> Option<String> {
    with_section(page, "timeline", &format!("\n{table}"))
}
