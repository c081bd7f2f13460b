//! Reading what a server wrote into its general log.

use std::{collections::HashSet, fs, path::PathBuf};

/// A server's general log since a moment: every statement of all users but root, and every sign-in.
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

    /// How many statements begin so.
    #[must_use]
    pub fn statements(&self, beginning: &str) -> usize {
        let text = self.text();
        text.lines().filter(|line| line.contains(&format!("Query\t{beginning}"))).count()
    }

    /// How many times this user signed in.
    #[must_use]
    pub fn authorized(&self, user: &str) -> usize {
        self.connections(&format!("Connect\t{user}@")).0
    }

    /// How many sign-ins of this user, existing or not, were rejected for any reason.
    #[must_use]
    pub fn failed(&self, user: &str) -> usize {
        self.connections(&format!("Connect\t{user}@")).1
    }

    /// How many sign-ins of all users succeeded, and how many were rejected.
    #[must_use]
    pub fn sign_ins(&self) -> (usize, usize) {
        self.connections("Connect\t")
    }

    /// Sign-ins that succeeded, and that were rejected. Both products write `Connect` before the decision, and a client
    /// that has signed in sends SET NAMES at once.
    fn connections(&self, which: &str) -> (usize, usize) {
        let text = self.text();
        let thread = |line: &str, word: &str| -> Option<u64> {
            line.split(word).next()?.split_whitespace().next_back()?.parse().ok()
        };
        let signed_in: HashSet<u64> = text
            .lines()
            .filter(|line| line.contains("Query\t"))
            .filter_map(|line| thread(line, "Query\t"))
            .collect();
        let attempts = text.lines().filter(|line| line.contains(which));
        let attempts: Vec<u64> = attempts.filter_map(|line| thread(line, "Connect\t")).collect();
        let authorized = attempts.iter().filter(|thread| signed_in.contains(thread)).count();
        (authorized, attempts.len() - authorized)
    }
}
