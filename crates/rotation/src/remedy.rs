//! How errors print what a person runs.

use crate::{SecretId, Username};

/// Who runs what a superuser lacks the privilege for.
pub const ADMINISTRATOR: &str = "an administrator";

/// Statements as an error prints them: `as WHO run: FIRST; SECOND; then rotate again`. Several such remedies in one sentence are
/// alternatives. The tests read them out of the sentence, run them, and rotate.
#[must_use]
pub fn run_as(who: &str, statements: &[impl AsRef<str>]) -> String {
    let statements: Vec<_> = statements.iter().map(AsRef::as_ref).collect();
    format!("as {who} run: {}; then rotate again", statements.join("; "))
}

/// `PutSecretValue` with a label of its own moves that label only.
pub(crate) fn store_as_previous(user: &Username, secret: &SecretId) -> String {
    format!(
        "if {user} is the application's, write AWSCURRENT's JSON with the user name and password of {user} into \
         previous.json (if nobody knows that password, set one: AWSCURRENT is another user's), run aws secretsmanager \
         put-secret-value --secret-id {secret} --version-stages AWSPREVIOUS --secret-string file://previous.json, which \
         leaves AWSCURRENT alone, remove the file, and rotate again"
    )
}
