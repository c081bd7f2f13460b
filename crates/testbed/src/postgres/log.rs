//! Reading what a server wrote into its log.

use std::{fs, path::PathBuf};

/// What stands before every line of the log: the time, `[process]`, `<user@database>`.
pub(super) const LINE_PREFIX: &str = "%m [%p] <%u@%d> ";

/// A server's log since a moment.
///
/// The server writes the line of a sign-in before it answers the client, so whatever the client knows is in the log.
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

    /// All that was written since.
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

    /// How many times this user, existing or not, was turned away at the door, for whatever reason.
    #[must_use]
    pub fn failed(&self, user: &str) -> usize {
        let text = self.text();
        let from_user = format!("] <{user}@");
        text.lines().filter(|line| line.contains(&from_user) && line.contains("> FATAL:  ")).count()
    }

    /// How many times anybody signed in, and was turned away at the door.
    #[must_use]
    pub fn sign_ins(&self) -> (usize, usize) {
        (self.lines_with("LOG:  connection authorized: user="), self.lines_with("> FATAL:  "))
    }

    fn lines_with(&self, part: &str) -> usize {
        self.text().lines().filter(|line| line.contains(part)).count()
    }
}
