//! The results of a run, written to files.

use std::fs;

use testbed::environment::repository;

/// A part of a page: this text between `<!-- NAME -->` and `<!-- /NAME -->`.
pub(crate) fn section(name: &str, text: &str) -> String {
    let (begin, end) = marks(name);
    format!("{begin}\n{text}\n{end}")
}

/// The page with this text in its section; `None` if the page has no such section.
pub(crate) fn with_section(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = marks(name);
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{}{after}", section(name, text)))
}

fn marks(name: &str) -> (String, String) {
    (format!("<!-- {name} -->"), format!("<!-- /{name} -->"))
}

/// Writes the figures to `target/NAME.md` and, if they are to be published, into the section NAME of docs/reliability.md.
///
/// # Panics
/// If a file cannot be written, or the page has no such section.
pub fn record(name: &str, figures: &str, publish: bool) {
    let figures = figures.trim();
    fs::write(repository().join(format!("target/{name}.md")), format!("{figures}\n"))
        .expect("a file in target");
    if !publish {
        return;
    }
    let page = repository().join("docs/reliability.md");
    let text = fs::read_to_string(&page).expect("docs/reliability.md");
    let text = with_section(&text, name, figures).unwrap_or_else(|| panic!("the page has no section {name}"));
    fs::write(page, text).expect("docs/reliability.md");
}
