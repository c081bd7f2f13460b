//! The user that servers run as: nobody (uid 65534) if the tests run as root, else the user that runs the tests. A
//! database administrator can make the server write files and run programs, so no server runs as root.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Mutex,
};

use crate::{folder::Folder, kill_on_parent_exit::Stop};

/// The uid and gid of servers that root starts.
pub(crate) const NOBODY: u32 = 65534;
/// The `PATH` of servers and of the commands that prepare them.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// `program` as the servers' user. Our environment is not passed on: other processes of that user can read it in /proc.
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

/// A folder with the contents of `programs` that the servers' user can enter: `programs` itself, or a copy if a folder
/// above it is closed to that user. `program` is a path in it that decides this by being executable. All servers of
/// this process share the copy; it is removed when the process ends.
pub(crate) fn reachable(programs: &Path, program: &str) -> PathBuf {
    /// By original. The child removes its copy when this process ends.
    static COPIES: Mutex<BTreeMap<PathBuf, (PathBuf, Child)>> = Mutex::new(BTreeMap::new());
    let may_run = |programs: &Path| {
        let mut test = as_server_user("test");
        test.arg("-x").arg(programs.join(program)).status().is_ok_and(|status| status.success())
    };
    if may_run(programs) {
        return programs.to_owned();
    }
    let mut copies = COPIES.lock().expect("no copying panics");
    if let Some((copied, _)) = copies.get(programs) {
        return copied.clone();
    }
    let folder = Folder::for_server(None);
    let copied = folder.path.join("programs");
    let links = Command::new("cp").arg("-al").args([programs, &copied]).output();
    if !links.is_ok_and(|output| output.status.success()) {
        // Hard links do not cross file systems.
        let _ = fs::remove_dir_all(&copied);
        copy(programs, &copied);
    }
    assert!(
        may_run(&copied),
        "the user {NOBODY}, which runs servers, may not execute {program} in {}",
        programs.display()
    );
    let shell = folder.spawn(&["sleep", "infinity"], Stop::Kill);
    copies.insert(programs.to_owned(), (copied.clone(), shell));
    copied
}

/// Copies a folder with owners and modes. Links are copied, not followed.
pub(crate) fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().expect("cp runs");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
}
