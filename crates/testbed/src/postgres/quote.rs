//! Names and texts as SQL writes them, for statements that take no parameters.

/// A name as SQL writes it.
#[must_use]
pub fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
#[must_use]
pub fn text(text: &str) -> String {
    // E'' reads the same whatever standard_conforming_strings says.
    format!("E'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}
