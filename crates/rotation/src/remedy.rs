//! How errors print what a person runs.

/// Who runs what a superuser lacks the privilege for.
pub const ADMINISTRATOR: &str = "an administrator";

/// Statements as an error prints them: `as WHO run: FIRST; SECOND; then rotate again`. Several such remedies in one sentence are
/// alternatives. The tests read them out of the sentence, run them, and rotate.
#[must_use]
pub fn run_as(who: &str, statements: &[impl AsRef<str>]) -> String {
    let statements: Vec<_> = statements.iter().map(AsRef::as_ref).collect();
    format!("as {who} run: {}; then rotate again", statements.join("; "))
}
