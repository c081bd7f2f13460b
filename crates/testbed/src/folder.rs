//! A folder for one server. It is removed when the server ends, or at the next start if a crash of the machine left it.

use std::{
    fs::{self, DirBuilder, File, FileType, Permissions},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, fchown},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Mutex, Once},
    time::{Duration, Instant},
};

use local_aws::host::{Stop, kill_on_parent_exit};

use crate::{
    private,
    server_user::{NOBODY, PATH, as_server_user, copy, runs_as_root, server_user_prefix, user},
};

const PREFIX: &str = "rotation-test-";
/// The name of the file that keeps a folder when its server ends.
const STAYS: &str = "stays";

/// A new folder below the system's temporary folder. The server's processes inherit `lock`: the folder is in use for as long
/// as any process holds the lock.
///
/// It belongs to us and no other user can write in it, so no name in it can be replaced by a link. Files that the
/// server creates are in [`Folder::server`], which belongs to the server's user. In that folder we change files only as
/// that user ([`Folder::as_server_user`]): a name in it may be a link to any file of ours.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    lock: File,
}

impl Folder {
    /// A folder with mode 0700.
    pub(crate) fn new() -> Self {
        static LEFT_BEHIND: Once = Once::new();
        LEFT_BEHIND.call_once(remove_left_behind);
        let prefix = format!("{PREFIX}{}-", user());
        let path = private::temporary_folder(&std::env::temp_dir(), &prefix).keep();
        // It is locked before it has its name, so that no other process takes this folder for one that was left behind.
        let lock = private::file(&path.join("lock.new"));
        lock.lock().expect("nobody else locks a new file");
        fs::rename(path.join("lock.new"), path.join("lock")).expect("a file in a new folder");
        Self { path, lock }
    }

    /// A folder that the server's user may pass through (mode 0710), but not list or write. In it is the folder
    /// `server`, which belongs to that user and holds a copy of `data`.
    pub(crate) fn for_server(data: Option<&Path>) -> Self {
        let folder = Self::new();
        let server = folder.server();
        private::folder(&server);
        if let Some(data) = data {
            copy(data, &server.join("data"));
        }
        if runs_as_root() {
            // Last, because from here on a name in it may be a link.
            chown(&server, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
            chown(&folder.path, None, Some(NOBODY)).expect("root may give a folder to a group");
            fs::set_permissions(&folder.path, Permissions::from_mode(0o710)).expect("the folder is ours");
        }
        let mut test = as_server_user("test");
        assert!(
            test.arg("-w").arg(&server).status().is_ok_and(|status| status.success()),
            "uid {NOBODY}, which runs servers for root, cannot write in {}: set TMPDIR to a folder that all users may \
             enter, such as /tmp, and install setpriv (util-linux) if it is missing",
            server.display()
        );
        folder
    }

    /// The folder that belongs to the server's user: data, socket, process id, temporary files.
    pub(crate) fn server(&self) -> PathBuf {
        self.path.join("server")
    }

    /// A command that runs `program` as the server's user, in [`Folder::server`].
    pub(crate) fn as_server_user(&self, program: &str) -> Command {
        let mut command = as_server_user(program);
        command.current_dir(self.server());
        command
    }

    /// A command that runs a server as its user, with standard error in the file `log`.
    pub(crate) fn command(&self, words: &[&str], stop: Stop) -> Command {
        let mut command =
            kill_on_parent_exit(&[server_user_prefix(), words].concat(), stop, Some(&self.path));
        command.env_clear().env("PATH", PATH).current_dir(&self.path);
        command.stdout(self.lock.try_clone().expect("one more handle"));
        command.stderr(private::file(&self.path.join("log")));
        command
    }

    /// Starts a server, see [`Folder::command`].
    pub(crate) fn spawn(&self, words: &[&str], stop: Stop) -> Child {
        self.command(words, stop).spawn().expect("a shell")
    }

    /// The standard error of the server since its last start.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path.join("log")).unwrap_or_default()
    }

    /// Waits until the server behind this shell has written `line`. Panics with its log if it ends or takes longer than `limit`.
    pub(crate) async fn wait_for(&self, line: &str, shell: &Mutex<Child>, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let log = self.log();
            if log.contains(line) {
                return;
            }
            let ended = shell.lock().expect("no holder panics").try_wait();
            let ended = ended.expect("the shell is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "the server does not start:\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the server behind this shell, and returns when it is dead. The folder stays.
    pub(crate) fn stop(&self, shell: &mut Child) {
        self.keep();
        // Waiting closes the shell's standard input, which stops the server.
        shell.wait().expect("the shell is our child");
        self.unkeep();
    }

    /// Keeps the folder when the server ends.
    pub(crate) fn keep(&self) {
        self.write(STAYS, "");
    }

    /// Removes the folder when the server ends.
    pub(crate) fn unkeep(&self) {
        fs::remove_file(self.path.join(STAYS)).expect("the folder was kept");
    }

    /// Writes a file that only we can read (0600).
    pub(crate) fn write(&self, name: &str, text: &str) {
        private::write(&self.path.join(name), text);
    }

    /// Writes a file that belongs to the server's user (0600), which can change its contents but not replace it.
    pub(crate) fn give(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        let file = private::write(&path, text);
        if runs_as_root() {
            fchown(&file, Some(NOBODY), Some(NOBODY)).expect("root may give a file away");
        }
        path
    }

    /// Creates an empty folder that the server's user cannot write in (0500).
    pub(crate) fn empty(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        DirBuilder::new().mode(0o500).create(&path).expect("a folder in ours");
        path
    }
}

/// Removes the folders of this user's processes that have ended. The temporary folder is shared: other users can create
/// anything in it under such a name.
fn remove_left_behind() {
    let prefix = format!("{PREFIX}{}-", user());
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for folder in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        if is_left_behind(&folder.path()) {
            // Another process may be removing it as well.
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

fn is_left_behind(folder: &Path) -> bool {
    let lock = folder.join("lock");
    // A folder without a lock file is being created at this moment.
    is_ours(folder, FileType::is_dir)
        && is_ours(&lock, FileType::is_file)
        && File::open(lock).is_ok_and(|lock| lock.try_lock().is_ok())
}

/// Whether a path belongs to us, is of this type, and cannot be written by others. It is not opened, because opening a
/// FIFO blocks until another process writes to it.
fn is_ours(path: &Path, is: fn(&FileType) -> bool) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| {
        found.uid() == user() && is(&found.file_type()) && found.permissions().mode() & 0o022 == 0
    })
}
