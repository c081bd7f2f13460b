//! A replica in memory, which has what its primary has some time after each change.

use std::time::Duration;

use crate::{Replica, ReplicaStatus};

/// The replica in one region.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    /// How long after a change its status is still the one of before it.
    pub(crate) stale: Duration,
    /// How long after a change it has what the primary has, or has failed.
    pub(crate) takes: Duration,
    /// Why it fails, if it does.
    pub(crate) failure: Option<&'static str>,
}

impl Region {
    /// It follows at once.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, stale: Duration::ZERO, takes: Duration::ZERO, failure: None }
    }

    pub(super) fn shown(&self, since_change: Duration) -> Replica {
        let ended = match self.failure {
            Some(message) => ReplicaStatus::Failed { message: message.into() },
            None => ReplicaStatus::InSync,
        };
        let status = if since_change < self.stale {
            ReplicaStatus::InSync
        } else if since_change < self.takes {
            ReplicaStatus::InProgress
        } else {
            ended
        };
        Replica { region: self.name.into(), kms_key: None, status }
    }
}
