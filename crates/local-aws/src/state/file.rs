use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StateError;
use crate::secrets::Account;

/// What a state file says that it is.
const FORMAT: &str = "local-aws state";
/// The format that is written here. One more for every change that makes older files unreadable.
const VERSION: u64 = 1;
/// Read and write for the owner, nothing for others.
const MODE: u32 = 0o600;

/// The content of a state file.
#[derive(Deserialize)]
pub(super) struct Saved {
    pub(super) account: Account,
    /// How far the service's clock is ahead of the system's.
    #[serde(default)]
    pub(super) ahead_seconds: i64,
}

/// The same, to be written.
#[derive(Serialize)]
struct Saving<'a> {
    format: &'static str,
    version: u64,
    ahead_seconds: i64,
    account: &'a Account,
}

/// What is read first.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// A state file, locked for this server.
pub(super) struct LockedFile {
    path: PathBuf,
    /// Next to the state file, which is replaced and so cannot hold the lock itself. The lock ends with the process.
    lock: File,
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing is not enough: a process that this one has just forked holds the lock as well until it executes its program
        // (flock(2)). If this fails, closing is all that is left.
        let _ = self.lock.unlock();
    }
}

impl LockedFile {
    pub(super) fn open(path: &Path, account: &str) -> Result<(Self, Option<Saved>), StateError> {
        let failed = |source| StateError::Open { path: path.to_owned(), source };
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(MODE)
            .open(beside(path, ".lock"))
            .map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StateError::Locked(path.to_owned()),
            TryLockError::Error(source) => failed(source),
        })?;
        let file = LockedFile { path: path.to_owned(), lock };
        // This also shows that a state can be written, and who owns what this process writes.
        let owner = file.create_new().and_then(|file| file.metadata()).map_err(failed)?.uid();
        std::fs::remove_file(file.new_path()).map_err(failed)?;
        let saved = match path.symlink_metadata() {
            Ok(metadata) => Some(file.read(&metadata, owner, account)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(failed(source)),
        };
        Ok((file, saved))
    }

    fn read(&self, metadata: &Metadata, owner: u32, account: &str) -> Result<Saved, StateError> {
        let path = self.path.clone();
        if !metadata.is_file() {
            return Err(StateError::NotAFile(path));
        }
        if metadata.uid() != owner {
            return Err(StateError::Owner(path));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StateError::Shared { path, mode });
        }
        let bytes = std::fs::read(&path).map_err(|source| StateError::Open { path: path.clone(), source })?;
        let saved = parse(&path, &bytes)?;
        match saved.account.id() {
            id if id == account => Ok(saved),
            id => Err(StateError::Account { path, saved: id.to_owned() }),
        }
    }

    pub(super) fn serialize(&self, account: &Account, ahead_seconds: i64) -> Result<Vec<u8>, StateError> {
        let saving = Saving { format: FORMAT, version: VERSION, ahead_seconds, account };
        serde_json::to_vec(&saving)
            .map_err(|error| StateError::Write { path: self.path.clone(), source: error.into() })
    }

    /// Replaces the file's content: at every moment, also if the machine stops, the file has the old content or the new.
    pub(super) fn replace(&self, content: &[u8]) -> Result<(), StateError> {
        let replace = || {
            let mut new = self.create_new()?;
            new.write_all(content)?;
            new.sync_all()?;
            std::fs::rename(self.new_path(), &self.path)?;
            File::open(directory(&self.path))?.sync_all()
        };
        replace().map_err(|source| StateError::Write { path: self.path.clone(), source })
    }

    /// A new file beside the state file. One that a killed server left behind is removed, and never opened: it could be a
    /// link to another file.
    fn create_new(&self) -> std::io::Result<File> {
        match std::fs::remove_file(self.new_path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(MODE).open(self.new_path())
    }

    fn new_path(&self) -> PathBuf {
        beside(&self.path, ".new")
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Saved, StateError> {
    let damaged = |error: serde_json::Error| StateError::Damaged {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    };
    // A file that begins as ours, but breaks off, is ours and damaged.
    let begins_as_ours = bytes.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes());
    match serde_json::from_slice::<Header>(bytes) {
        Ok(Header { format, .. }) if format != FORMAT => Err(StateError::Foreign(path.to_owned())),
        Ok(Header { version, .. }) if version > VERSION => {
            Err(StateError::Newer { path: path.to_owned(), version })
        }
        Ok(_) => serde_json::from_slice(bytes).map_err(damaged),
        Err(error) if begins_as_ours => Err(damaged(error)),
        Err(_) => Err(StateError::Foreign(path.to_owned())),
    }
}

/// The path with something added to the file's name.
fn beside(path: &Path, added: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(added);
    PathBuf::from(name)
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
