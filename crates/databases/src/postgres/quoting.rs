//! Names and texts as a person writes them into a statement.

use rotation::{Username, does_not_print};

/// A name in double quotes.
pub(super) fn identifier(name: &Username) -> String {
    format!("\"{}\"", name.0.replace('"', "\"\""))
}

/// A text in quotes, which reads the same whatever `standard_conforming_strings` says in the session that runs it. What would not
/// print is escaped, because an error shows it as something else (an escape by number needs a database in UTF-8).
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if !quoted.contains(|character| character == '\\' || does_not_print(character)) {
        return format!("'{quoted}'");
    }
    let mut escaped = String::new();
    for character in quoted.chars() {
        match character {
            '\\' => escaped.push_str(r"\\"),
            '\n' => escaped.push_str(r"\n"),
            '\r' => escaped.push_str(r"\r"),
            '\t' => escaped.push_str(r"\t"),
            character if does_not_print(character) => {
                escaped.push_str(&format!(r"\U{:08X}", u32::from(character)))
            }
            character => escaped.push(character),
        }
    }
    format!("E'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\nb\u{200d}"), r"E'a\nb\U0000200D'");
        assert_eq!(literal(r"\'; DROP ROLE app; --"), r"E'\\''; DROP ROLE app; --'");
    }
}
