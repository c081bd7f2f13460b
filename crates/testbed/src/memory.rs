//! Reads the memory of a process that the tests started.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

/// How many copies of each of these passwords the process holds in all the memory that it can write to.
///
/// The second half of a password counts as a copy, because an allocator overwrites the first bytes of freed memory.
#[must_use]
pub fn copies<const N: usize>(process: u32, passwords: [&str; N]) -> [usize; N] {
    let mappings = writable(process);
    passwords.map(|password| {
        let half = &password.as_bytes()[password.len() / 2..];
        mappings.iter().map(|mapping| occurrences(mapping, half)).sum()
    })
}

/// The most memory that the process has had so far, in KiB.
#[must_use]
pub fn peak(process: u32) -> usize {
    status(process, "VmHWM").expect("the process runs, and the kernel counts it")
}

/// The memory that the process has now, in KiB; some kernels are only exact to a few hundred (proc(5)). `None` if it has
/// ended.
pub(crate) fn rss(process: u32) -> Option<usize> {
    status(process, "VmRSS")
}

fn status(process: u32, field: &str) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The child of a process that runs `program`.
pub(crate) fn child(parent: u32, program: &Path) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    let program = program.canonicalize().ok()?;
    let runs = |child: &u32| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|runs| runs == program);
    children.split_whitespace().filter_map(|child| child.parse().ok()).find(runs)
}

/// The contents of each mapping that can be read and written: heaps, stacks and static data.
fn writable(process: u32) -> Vec<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the process runs");
    let memory = File::open(format!("/proc/{process}/mem")).expect("the process is ours");
    let contents = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        let (from, to) = (address(from)?, address(to)?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        memory.read_exact_at(&mut bytes, from).ok().filter(|()| rest.starts_with("rw"))?;
        Some(bytes)
    };
    maps.lines().filter_map(contents).collect()
}

/// How often `of` occurs. Looks for its first byte first, which makes the search fast.
fn occurrences(bytes: &[u8], of: &[u8]) -> usize {
    let (mut count, mut from) = (0, 0);
    while let Some(at) = bytes[from..].iter().position(|byte| byte == &of[0]) {
        count += usize::from(bytes[from + at..].starts_with(of));
        from += at + 1;
    }
    count
}
