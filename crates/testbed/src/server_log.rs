//! Reading what a server wrote into its log.

use std::{fs, path::PathBuf};

/// How many sign-ins of this user, or of all users, succeeded, and how many were rejected, by the text of a log.
type CountSignIns = fn(text: &str, user: Option<&str>) -> (usize, usize);

/// A server's log since a moment.
#[derive(Debug)]
pub struct ServerLog {
    path: PathBuf,
    from: usize,
    count_sign_ins: CountSignIns,
}

impl ServerLog {
    pub(crate) fn from_the_start(path: PathBuf, count_sign_ins: CountSignIns) -> Self {
        Self { path, from: 0, count_sign_ins }
    }

    pub(crate) fn from_now(path: PathBuf, count_sign_ins: CountSignIns) -> Self {
        let from = fs::read(&path).expect("the server has a log").len();
        Self { path, from, count_sign_ins }
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

    /// How many lines hold this text.
    #[must_use]
    pub fn lines_with(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains(text)).count()
    }

    /// How many times this user signed in.
    #[must_use]
    pub fn authorized(&self, user: &str) -> usize {
        (self.count_sign_ins)(&self.text(), Some(user)).0
    }

    /// How many sign-ins of this user, existing or not, were rejected for any reason.
    #[must_use]
    pub fn failed(&self, user: &str) -> usize {
        (self.count_sign_ins)(&self.text(), Some(user)).1
    }

    /// How many sign-ins of all users succeeded, and how many were rejected.
    #[must_use]
    pub fn sign_ins(&self) -> (usize, usize) {
        (self.count_sign_ins)(&self.text(), None)
    }
}
