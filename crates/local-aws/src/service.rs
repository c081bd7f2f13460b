//! The state that all requests of a server share.

use std::sync::Mutex;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::calls::CallLog;
use crate::clock::Clock;
use crate::events::EventLog;
use crate::failures::Failures;
use crate::rds::Registry;
use crate::rotation::{FunctionClient, Rotations, Schedules};
use crate::secrets::Account;
use crate::state::StateFile;
use crate::throttle::Throttle;
use crate::{AccessKey, ReplicationOptions};

pub(crate) struct Service {
    pub(crate) account: Mutex<Account>,
    pub(crate) clock: Clock,
    /// `None` if nothing is kept on disk.
    pub(crate) state: Option<StateFile>,
    pub(crate) servers: Mutex<Registry>,
    pub(crate) calls: CallLog,
    pub(crate) events: EventLog,
    pub(crate) failures: Failures,
    /// `None` if writes are not limited.
    pub(crate) throttle: Option<Mutex<Throttle>>,
    pub(crate) rotations: Rotations,
    pub(crate) schedules: Schedules,
    pub(crate) lambda_url: Mutex<Option<String>>,
    pub(crate) client: FunctionClient,
    pub(crate) settings: Settings,
    /// The rotations under way, and the schedules; they stop with the server.
    pub(crate) tasks: Mutex<JoinSet<()>>,
}

impl Service {
    /// Lets time pass at once; rotations that have become due begin.
    pub(crate) fn advance_clock(&self, by: Duration) {
        self.clock.advance(by);
        if let Some(state) = &self.state {
            state.changed();
        }
        self.schedules.wake();
    }
}

/// What stays the same while a server runs, but for how it replicates.
pub(crate) struct Settings {
    /// Every request must carry one of these, or of the next.
    pub(crate) access_keys: Vec<AccessKey>,
    /// The keys of rotation functions.
    pub(crate) function_keys: Vec<AccessKey>,
    /// The functions that exist; `None` if the server cannot know.
    pub(crate) functions: Option<Vec<String>>,
    /// The keys of KMS that fail.
    pub(crate) failing_keys: Vec<String>,
    pub(crate) replication: Mutex<ReplicationOptions>,
    pub(crate) latency: Duration,
    pub(crate) attempts: u32,
    pub(crate) pause: Duration,
    pub(crate) invoke_timeout: Duration,
}
