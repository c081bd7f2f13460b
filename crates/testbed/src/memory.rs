//! Reads the memory of a process that the tests started.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
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
    local_aws::host::peak(process).expect("the process runs, and the kernel counts it")
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
