//! The server's log.

/// The beginning of every line of the log: the time, `[process]`, `<user@database>`.
pub(super) const LINE_PREFIX: &str = "%m [%p] <%u@%d> ";

/// Sign-ins of this user, or of all users, that succeeded, and that were rejected. The server writes the line of a sign-in
/// before it responds to the client, so the log has every sign-in that a client knows of.
pub(super) fn sign_ins(text: &str, user: Option<&str>) -> (usize, usize) {
    let authorized = "LOG:  connection authorized: user=";
    let authorized =
        user.map_or_else(|| authorized.to_owned(), |user| format!("{authorized}{user} database="));
    let from_user = user.map(|user| format!("] <{user}@")).unwrap_or_default();
    let is_rejected = |line: &&str| line.contains(&from_user) && line.contains("> FATAL:  ");
    let succeeded = text.lines().filter(|line| line.contains(&authorized)).count();
    (succeeded, text.lines().filter(is_rejected).count())
}
