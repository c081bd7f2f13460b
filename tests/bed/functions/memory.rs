//! What a process keeps in memory, event after event.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The resident memory of one process. Linux only, by `/proc`.
#[derive(Clone, Debug)]
pub struct Memory {
    shell: Option<u32>,
    program: PathBuf,
    process: Option<u32>,
    /// KiB after each event: `VmRSS`, which some kernels tell to a few hundred KiB only (proc(5)).
    pub after: Vec<u64>,
}

impl Memory {
    /// Of the program that this shell runs.
    pub(super) fn of(shell: Option<u32>, program: &Path) -> Self {
        let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
        Self { shell, program, process: None, after: Vec::new() }
    }

    /// To be called after each event; without effect for a process that is gone.
    pub(super) fn note(&mut self) {
        // At its start the shell may not yet have become the program.
        self.process = self.process.or_else(|| child(self.shell?, &self.program));
        self.after.extend(self.process.and_then(resident));
    }
}

/// The child of a process that runs this program.
fn child(of: u32, program: &Path) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
    let mut children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.find(|child| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|runs| runs == program))
}

fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
