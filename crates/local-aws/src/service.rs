//! Everything that the requests of one running server share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::AccessKey;
use crate::calls::CallLog;
use crate::failures::Failures;
use crate::rds::Servers;
use crate::rotation::{FunctionClient, Rotations};
use crate::secrets::Secrets;
use crate::throttle::Throttle;

pub(crate) struct Service {
    pub(crate) secrets: Mutex<Secrets>,
    pub(crate) servers: Mutex<Servers>,
    pub(crate) calls: CallLog,
    pub(crate) failures: Failures,
    /// Limits writes, if there is a limit.
    pub(crate) throttle: Option<Mutex<Throttle>>,
    pub(crate) rotations: Rotations,
    pub(crate) lambda_url: Mutex<Option<String>>,
    pub(crate) client: FunctionClient,
    pub(crate) settings: Settings,
    /// The rotations under way; they end with the server.
    pub(crate) tasks: Mutex<JoinSet<()>>,
}

/// What a running server never changes.
pub(crate) struct Settings {
    /// One of these must be in every request.
    pub(crate) access_keys: Vec<AccessKey>,
    pub(crate) latency: Duration,
    pub(crate) attempts: u32,
    pub(crate) pause: Duration,
    pub(crate) invoke_timeout: Duration,
}

/// Locks; a panic elsewhere does not matter, since every change here is made after its checks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
