use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Refusal, Region};

/// A secret's part in replication.
#[derive(Serialize, Deserialize)]
pub(crate) enum Role {
    /// It can be changed, and each of these regions follows it.
    Primary(BTreeMap<Region, Replica>),
    /// It follows the secret of the same name in this region.
    Replica { primary: Region },
}

/// What a primary secret knows of one replica.
#[derive(Serialize, Deserialize)]
pub(crate) struct Replica {
    /// The key in the replica's region; `None` for the key that AWS makes for the account.
    pub(crate) kms_key: Option<String>,
    pub(crate) conflict: Conflict,
    pub(crate) status: Status,
}

/// What to do about another secret of the same name in the replica's region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Conflict {
    /// Replication fails.
    Fail,
    /// The replica takes the other's place, unless that takes part in replication itself.
    Overwrite,
}

/// How far a replica is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// It gets the primary's content at `due`.
    InProgress {
        due: OffsetDateTime,
    },
    InSync,
    /// It has the content of earlier, or none. The next change of the primary is tried again.
    Failed {
        at: OffsetDateTime,
        message: String,
    },
}

impl Role {
    /// A secret without replicas.
    pub(crate) fn alone() -> Self {
        Role::Primary(BTreeMap::new())
    }

    /// The replicas, to change them; refuses a replica itself, which is changed in the primary's region only (recorded for
    /// `DeleteSecret` and `PutResourcePolicy`).
    pub(crate) fn replicas_mut(&mut self) -> Result<&mut BTreeMap<Region, Replica>, Refusal> {
        match self {
            Role::Primary(replicas) => Ok(replicas),
            Role::Replica { .. } => Err(Refusal::replica()),
        }
    }
}

impl Replica {
    /// A replica that is not there yet.
    pub(crate) fn new(kms_key: Option<String>, conflict: Conflict, due: OffsetDateTime) -> Self {
        Replica { kms_key, conflict, status: Status::InProgress { due } }
    }
}
