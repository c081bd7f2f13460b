//! Names and texts as a person writes them into a statement.

use rotation::Username;

/// A name in double quotes.
pub(super) fn identifier(name: &Username) -> String {
    format!("\"{}\"", name.0.replace('"', "\"\""))
}

/// A text in quotes, which reads the same whatever `standard_conforming_strings` says in the session that runs it.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', r"\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"\'; DROP ROLE app; --"), r"E'\\''; DROP ROLE app; --'");
    }
}
