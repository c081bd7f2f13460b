//! Names and texts in statements, which take no parameters there.

/// A name in backticks, which read the same under every `sql_mode`.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in quotes, for a session in utf8mb4 whose `sql_mode` has neither `NO_BACKSLASH_ESCAPES` nor
/// `ANSI_QUOTES`. (The server's own `QUOTE(?)` would write a password into its general log.)
pub(super) fn literal(value: &str) -> String {
    // Two quotes are one under every `sql_mode`: a person may run what is printed in a session with another.
    let escaped = value.replace('\\', r"\\").replace('\'', "''").replace('\0', r"\0");
    format!("'{escaped}'")
}
