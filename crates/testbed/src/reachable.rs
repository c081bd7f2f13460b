//! Programs of servers, in a folder that the servers' user can enter.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Mutex,
};

use local_aws::host::Stop;

use crate::{
    folder::Folder,
    server_user::{NOBODY, as_server_user, copy},
};

/// A folder with the contents of `programs` that the servers' user can enter: `programs` itself, or a copy if a folder
/// above it is closed to that user. `program` is a path in it that decides this by being executable. All servers of
/// this process share the copy. It is removed when the process ends.
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
