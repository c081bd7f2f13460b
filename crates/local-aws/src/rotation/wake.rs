use std::collections::BTreeSet;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::lock::lock;

/// What a server's schedules wait for, besides the time.
#[derive(Default)]
pub(crate) struct Schedules {
    /// The ARNs of secrets whose next rotation may have changed.
    changed: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl Schedules {
    /// Computes a secret's next rotation anew. To be called where it may have become an earlier one: when rules are set, and
    /// when a rotation has ended.
    pub(crate) fn reconsider(&self, arn: &str) {
        lock(&self.changed).insert(arn.to_owned());
        self.wake.notify_one();
    }

    /// Looks whether a rotation has become due, because the clock was advanced.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// The ARNs of the secrets whose next rotation is to be computed anew.
    pub(super) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *lock(&self.changed))
    }

    /// Returns when there may be something to do.
    pub(super) async fn notified(&self) {
        self.wake.notified().await;
    }
}
