//! How errors print what a person runs.

use std::borrow::Cow;

use crate::{SecretId, Username};

/// The most bytes of statements that a message shows: it is cut after 32 KB, and what is not equal stands before them.
const MOST: usize = 24 * 1024;

/// Who runs what a superuser lacks the privilege for.
pub const ADMINISTRATOR: &str = "an administrator";

/// Statements as an error prints them: `as WHO run: FIRST; SECOND; then rotate again`. Several such remedies in one sentence are
/// alternatives. The tests read them out of the sentence, run them, and rotate. Of very many statements, as many as are shown whole.
#[must_use]
pub fn run_as(who: &str, statements: &[impl AsRef<str>]) -> String {
    let (mut shown, mut bytes) = (Vec::new(), 0);
    for statement in statements.iter().map(AsRef::as_ref) {
        bytes += statement.len();
        if bytes > MOST && !shown.is_empty() {
            break;
        }
        shown.push(statement);
    }
    let rest = match statements.len() - shown.len() {
        0 => String::new(),
        left => format!(", which names the other {left}"),
    };
    format!("as {who} run: {}; then rotate again{rest}", shown.join("; "))
}

/// Differences, and how many more there are than are shown.
#[must_use]
pub fn some_of(differences: &[String]) -> String {
    const SHOWN: usize = 20;
    match differences.len().checked_sub(SHOWN) {
        None | Some(0) => differences.join("; "),
        Some(left) => format!("{}; and {left} more", differences[..SHOWN].join("; ")),
    }
}

/// One word of a shell's command. Who may write a secret chooses the ids of its versions, and another person runs the command.
pub(crate) fn shell_word(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:+=@".contains(&byte)) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
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
