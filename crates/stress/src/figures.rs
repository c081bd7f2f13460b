//! The results of a run, written to files.

use std::fs;

use testbed::environment::repository;

/// Writes the figures to `target/NAME.md` and, if they are to be published, between `<!-- NAME -->` and `<!-- /NAME -->` of
/// docs/reliability.md.
///
/// # Panics
/// If a file cannot be written, or the page has no such place.
pub fn record(name: &str, figures: &str, publish: bool) {
    let figures = figures.trim();
    fs::write(repository().join(format!("target/{name}.md")), format!("{figures}\n"))
        .expect("a file in target");
    if !publish {
        return;
    }
    let page = repository().join("docs/reliability.md");
    let text = fs::read_to_string(&page).expect("docs/reliability.md");
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("the page has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    fs::write(page, format!("{before}{begin}\n{figures}\n{end}{after}")).expect("docs/reliability.md");
}
