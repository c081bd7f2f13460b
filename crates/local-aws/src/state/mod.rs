//! The state file of `--state`: secrets, with their values in clear, between two runs of a server.
//!
//! The file is replaced as a whole and atomically, so whenever the server is killed, the file has the state before a
//! change or the one after it. No response leaves the server before the state that it shows is on disk. What is not kept:
//! registered RDS servers, the log of calls, planned failures, the progress of rotations (the labels are kept, so an
//! unfinished rotation can be run again), and the time of the last read, unless something else was changed after it.

mod error;
mod file;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use error::StateError;
use file::{LockedFile, Saved};

use crate::clock::Clock;
use crate::lock::lock;
use crate::secrets::Account;

/// A state file that is in use.
pub(crate) struct StateFile {
    /// Counts changes. Changed only while the account is locked.
    changes: AtomicU64,
    /// How many of them are on disk.
    saved: AtomicU64,
    /// `None` once the server has stopped.
    file: Mutex<Option<LockedFile>>,
}

/// What a state file had, or the start of a new one.
pub(crate) struct Opened {
    pub(crate) state: StateFile,
    /// `None` if there was no file.
    pub(crate) saved: Option<(Account, i64)>,
}

impl StateFile {
    /// Locks the file, and reads it if it exists. Changes nothing in it.
    pub(crate) fn open(path: &Path, account: &str) -> Result<Opened, StateError> {
        let (file, saved) = LockedFile::open(path, account)?;
        let saved = saved.map(|Saved { account, ahead_seconds, .. }| (account, ahead_seconds));
        let state =
            StateFile { changes: AtomicU64::new(0), saved: AtomicU64::new(0), file: Mutex::new(Some(file)) };
        Ok(Opened { state, saved })
    }

    /// Says that something was changed. Called while the account is locked.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Lets another server have the file.
    pub(crate) fn close(&self) {
        *lock(&self.file) = None;
    }

    pub(crate) fn is_saved(&self) -> bool {
        self.saved.load(Ordering::SeqCst) >= self.changes.load(Ordering::SeqCst)
    }

    /// Writes all changes so far, unless they are on disk. One write serves all requests that wait for it.
    pub(crate) fn save(&self, account: &Mutex<Account>, clock: &Clock) -> Result<(), StateError> {
        let file = lock(&self.file);
        let Some(file) = file.as_ref().filter(|_| !self.is_saved()) else { return Ok(()) };
        let account = lock(account);
        let changes = self.changes.load(Ordering::SeqCst);
        let bytes = file.serialize(&account, clock.ahead_seconds())?;
        drop(account);
        file.replace(&bytes)?;
        self.saved.store(changes, Ordering::SeqCst);
        Ok(())
    }
}
