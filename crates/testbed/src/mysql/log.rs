//! The general log: every statement of all users but root, and every sign-in.

use std::collections::HashSet;

/// Sign-ins of this user, or of all users, that succeeded, and that were rejected. Both products write `Connect` before the
/// decision, and a client that has signed in sends SET NAMES at once.
pub(super) fn sign_ins(text: &str, user: Option<&str>) -> (usize, usize) {
    let which = user.map_or_else(|| "Connect\t".to_owned(), |user| format!("Connect\t{user}@"));
    let thread = |line: &str, word: &str| -> Option<u64> {
        line.split(word).next()?.split_whitespace().next_back()?.parse().ok()
    };
    let signed_in: HashSet<u64> = text
        .lines()
        .filter(|line| line.contains("Query\t"))
        .filter_map(|line| thread(line, "Query\t"))
        .collect();
    let attempts = text.lines().filter(|line| line.contains(&which));
    let attempts: Vec<u64> = attempts.filter_map(|line| thread(line, "Connect\t")).collect();
    let authorized = attempts.iter().filter(|thread| signed_in.contains(thread)).count();
    (authorized, attempts.len() - authorized)
}
