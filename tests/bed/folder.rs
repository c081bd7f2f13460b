//! A folder for one server: gone with it, and gone at the next start if a crash of the machine left it behind.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Once,
};

const PREFIX: &str = "rotation-bed-";
/// The file that keeps a folder when its server ends.
const STAYS: &str = "stays";
/// PostgreSQL refuses to run as root: then it runs as this user (nobody).
const NOBODY: u32 = 65534;

/// A new folder below the system's temporary folder. Whoever starts a server in it passes `lock` on to the server's
/// processes: the folder is in use for as long as any process holds the lock.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) lock: File,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static LEFT_BEHIND: Once = Once::new();
        LEFT_BEHIND.call_once(remove_left_behind);
        let prefix = format!("{PREFIX}{}-", user());
        let path = tempfile::Builder::new().prefix(&prefix).tempdir().expect("a temporary folder").keep();
        // Under its name it is locked already: another process that looks for what is left behind finds none or this.
        let lock = File::create(path.join("lock.new")).expect("a lock file");
        lock.lock().expect("nobody else locks a new file");
        fs::rename(path.join("lock.new"), path.join("lock")).expect("a file in a new folder");
        if runs_as_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let folder = Self { path, lock };
        assert!(
            as_server_user("test")
                .args(["-w"])
                .arg(&folder.path)
                .status()
                .is_ok_and(|status| status.success()),
            "user {NOBODY} cannot reach {}: root cannot run PostgreSQL itself, so set TMPDIR to a folder that \
             everybody may enter, such as /tmp",
            folder.path.display()
        );
        folder
    }

    /// Stops the server behind this shell, and returns when it is dead. The folder stays.
    pub(crate) fn stop(&self, shell: &mut Child) {
        self.stays();
        // Closes the tether as well.
        shell.wait().expect("the shell is our child");
        self.goes();
    }

    /// When the server ends, the folder stays.
    pub(crate) fn stays(&self) {
        self.write(STAYS, "");
    }

    /// When the server ends, the folder goes.
    pub(crate) fn goes(&self) {
        fs::remove_file(self.path.join(STAYS)).expect("it was to stay");
    }

    /// Writes a file that only the server's user and we can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, text).expect("a file in the server's folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
        if runs_as_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may give a file away");
        }
        path
    }
}

/// `program` as the user that may run PostgreSQL: nobody if we are root, else ourselves.
pub(crate) fn as_server_user(program: &str) -> Command {
    let prefix = server_user_prefix();
    let mut words = prefix.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    command
}

/// The words before a command that make it run as the server's user.
pub(crate) fn server_user_prefix() -> &'static [&'static str] {
    if runs_as_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &[] }
}

pub(crate) fn user() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}

pub(crate) fn runs_as_root() -> bool {
    user() == 0
}

/// Keeps owners and modes.
pub(crate) fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().expect("cp runs");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
}

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
    // Without a lock file it is being made at this moment.
    File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok())
}
