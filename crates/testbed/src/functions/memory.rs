//! The memory of a process after each event.

use std::path::{Path, PathBuf};

use crate::memory::{child, rss};

/// The resident memory of one process.
#[derive(Clone, Debug)]
pub struct Memory {
    shell: Option<u32>,
    program: PathBuf,
    process: Option<u32>,
    /// KiB after each event.
    pub after: Vec<usize>,
}

impl Memory {
    /// The memory of the program that this shell runs.
    pub(super) fn of(shell: Option<u32>, program: &Path) -> Self {
        Self { shell, program: program.to_owned(), process: None, after: Vec::new() }
    }

    /// Records the memory. To be called after each event; does nothing if the process has ended.
    pub(super) fn record(&mut self) {
        // At its start the shell may not yet have become the program.
        self.process = self.process.or_else(|| child(self.shell?, &self.program));
        self.after.extend(self.process.and_then(rss));
    }
}
