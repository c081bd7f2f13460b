//! Reading what a server wrote into its log.

use std::{fs, path::PathBuf};

/// The beginning of every line of the log: the time, `[process]`, `<user@database>`.
pub(super) const LINE_PREFIX: &str = "%m [%p] <%u@%d> ";

/// A server's log since a moment.
///
/// The server writes the line of a sign-in before it responds to the client, so the log has every sign-in that a client
/// knows of.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    from: usize,
}

impl Log {
    pub(super) fn from_the_start(path: PathBuf) -> Self {
        Self { path, from: 0 }
    }

    pub(super) fn from_now(path: PathBuf) -> Self {
        let from = fs::read(&path).expect("the server has a log").len();
        Self { path, from }
    }

    /// Everything that was written since.
    #[must_use]
    pub fn text(&self) -> String {
        let all = fs::read(&self.path).expect("the server has a log");
        String::from_utf8_lossy(&all[self.from..]).into_owned()
    }

    /// Whether the log holds this text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// How many times this user signed in.
    #[must_use]
    pub fn authorized(&self, user: &str) -> usize {
        self.lines_with(&format!("LOG:  connection authorized: user={user} database="))
    }

    /// How many sign-ins of this user, existing or not, were rejected for any reason.
    #[must_use]
    pub fn failed(&self, user: &str) -> usize {
        let text = self.text();
        let from_user = format!("] <{user}@");
        text.lines().filter(|line| line.contains(&from_user) && line.contains("> FATAL:  ")).count()
    }

    /// How many sign-ins of all users succeeded, and how many were rejected.
    #[must_use]
    pub fn sign_ins(&self) -> (usize, usize) {
        (self.lines_with("LOG:  connection authorized: user="), self.lines_with("> FATAL:  "))
    }

    fn lines_with(&self, part: &str) -> usize {
        self.text().lines().filter(|line| line.contains(part)).count()
    }
}
