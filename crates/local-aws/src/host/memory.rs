//! The memory of a function's processes, as the kernel counts it in `/proc` (proc(5)).

use std::fs;

/// The resident memory of one execution environment: of the function's process, and of those that it has started.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The shell that runs the function; `None` if it has ended.
    shell: Option<u32>,
    /// KiB after each event.
    pub after: Vec<usize>,
    most: usize,
}

impl Memory {
    pub(super) fn of(shell: Option<u32>) -> Self {
        Self { shell, after: Vec::new(), most: 0 }
    }

    /// The most memory that was seen so far, in KiB.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Records the memory. To be called after each event; does nothing if the process has ended.
    pub(super) fn record(&mut self) {
        let now = self.now();
        self.after.extend((now > 0).then_some(now));
    }

    /// The most memory until now, in KiB: the sum of all processes, or of one process the most that the kernel has
    /// counted, whichever is more.
    pub(super) fn measure(&mut self) -> usize {
        let peaks = self.processes().into_iter().filter_map(peak).max().unwrap_or_default();
        self.most = self.most.max(self.now()).max(peaks);
        self.most
    }

    /// The processes, the function's own first.
    pub(super) fn processes(&self) -> Vec<u32> {
        self.shell.map(below).unwrap_or_default()
    }

    fn now(&self) -> usize {
        self.processes().into_iter().filter_map(rss).sum()
    }
}

/// The most memory that the process has had so far, in KiB. `None` if it has ended, or the kernel does not count it.
pub fn peak(process: u32) -> Option<usize> {
    status(process, "VmHWM")
}

/// The memory that the process has now, in KiB; some kernels are only exact to a few hundred (proc(5)). `None` if it has
/// ended.
pub fn rss(process: u32) -> Option<usize> {
    status(process, "VmRSS")
}

fn status(process: u32, field: &str) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// All processes below a shell, without its own forks: those have the shell's arguments until they run a program.
fn below(shell: u32) -> Vec<u32> {
    let Some(own) = arguments(shell) else { return Vec::new() };
    let (mut found, mut parents) = (Vec::new(), vec![shell]);
    while let Some(parent) = parents.pop() {
        let children: Vec<u32> = children(parent)
            .into_iter()
            .filter(|child| arguments(*child).is_some_and(|it| it != own))
            .collect();
        parents.extend(&children);
        found.extend(children);
    }
    found
}

/// `None` if the process has ended. A process that was not waited for has none.
fn arguments(process: u32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{process}/cmdline")).ok().filter(|arguments| !arguments.is_empty())
}

/// The children that each thread of a process has started.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use super::*;
    use crate::host::{Stop, kill_on_parent_exit};

    #[test]
    fn a_peak_that_is_over_when_the_memory_is_measured_counts() {
        let program =
            "x = b'x' * (100 << 20); del x; print('over', flush=True); import time; time.sleep(1000)";
        let mut command = kill_on_parent_exit(&["python3", "-c", program], Stop::KillGroup, None);
        let mut shell = command.stdout(Stdio::piped()).spawn().expect("a shell");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let mut memory = Memory::of(Some(shell.id()));
        assert!((1..100 * 1024).contains(&memory.now()), "{} KiB now", memory.now());
        assert!(memory.measure() > 100 * 1024 && memory.most() == memory.measure());
        shell.wait().expect("it ends when its standard input is closed");
        assert_eq!((memory.processes(), memory.now()), (Vec::new(), 0));
    }
}
