//! The user that servers run as: nobody (uid 65534) if the tests run as root, else the user that runs the tests. A
//! database administrator can make the server write files and run programs, so no server runs as root.

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

/// The uid and gid of servers that root starts.
pub(crate) const NOBODY: u32 = 65534;
/// The `PATH` of servers and of the commands that prepare them.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A command that runs `program` as the servers' user, without this process's environment: other processes of that user can
/// read a process's environment in /proc.
pub(crate) fn as_server_user(program: &str) -> Command {
    let prefix = server_user_prefix();
    let mut words = prefix.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words).env_clear().env("PATH", PATH);
    command
}

/// The words before a command that make it run as the servers' user.
pub(crate) fn server_user_prefix() -> &'static [&'static str] {
    if runs_as_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &[] }
}

pub(crate) fn user() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}

pub(crate) fn runs_as_root() -> bool {
    user() == 0
}

/// Copies a folder with owners and modes. Links are copied, not followed.
pub(crate) fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().expect("cp runs");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
}
