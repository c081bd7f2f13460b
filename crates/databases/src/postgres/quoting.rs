//! Names and texts as a person writes them into a statement.

use rotation::Username;

/// A name in double quotes.
pub(super) fn identifier(name: &Username) -> String {
    format!("\"{}\"", name.0.replace('"', "\"\""))
}

/// A text in quotes.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
