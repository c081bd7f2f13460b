use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Refusal, Region, Secret, Secrets};

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

/// The conditions under which the service replicates.
pub(crate) struct Conditions<'a> {
    pub(crate) now: OffsetDateTime,
    /// How long a replica takes to follow.
    pub(crate) delay: Duration,
    /// Why a replica in this region, with this key, cannot follow.
    pub(crate) failure: &'a dyn Fn(&Region, Option<&str>) -> Option<String>,
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

impl Secret {
    /// The replicas of this secret; none if it is one itself.
    pub(crate) fn replicas(&self) -> impl Iterator<Item = (&Region, &Replica)> {
        let replicas = match &self.role {
            Role::Primary(replicas) => Some(replicas),
            Role::Replica { .. } => None,
        };
        replicas.into_iter().flatten()
    }

    /// Whether this is the replica of `primary`, a secret of that region.
    pub(crate) fn is_replica_of(&self, primary: &Secret, region: &Region) -> bool {
        let suffix = |arn: &str| arn.split(':').skip(4).map(str::to_owned).collect::<Vec<String>>();
        let follows = matches!(&self.role, Role::Replica { primary } if primary == region);
        follows && suffix(&self.arn) == suffix(&primary.arn)
    }

    /// Whether the replica shows all that the primary shows.
    fn is_in_sync(&self, primary: &Secret, kms_key: Option<&str>) -> bool {
        self.kms_key.as_deref() == kms_key
            && self.description == primary.description
            && (&self.tags, self.was_tagged) == (&primary.tags, primary.was_tagged)
            && self.policy == primary.policy
            && self.versions.same_content(&primary.versions)
    }

    /// Takes over the primary's content: value, labels, description, tags and policy (user guide, "Replicate AWS Secrets
    /// Manager secrets across Regions"; recorded for the policy). Rotation stays with the primary.
    fn follow(&mut self, primary: &Secret, kms_key: Option<&str>) {
        self.kms_key = kms_key.map(str::to_owned);
        self.description.clone_from(&primary.description);
        self.tags.clone_from(&primary.tags);
        self.was_tagged = primary.was_tagged;
        self.policy.clone_from(&primary.policy);
        self.versions.follow(&primary.versions, kms_key);
        self.changed = primary.changed;
    }
}

impl Replica {
    /// A replica that is not there yet.
    pub(crate) fn new(kms_key: Option<String>, conflict: Conflict, due: OffsetDateTime) -> Self {
        Replica { kms_key, conflict, status: Status::InProgress { due } }
    }

    /// Brings the replica as far as it can come by now. `home` is the primary's region.
    pub(super) fn advance(
        &mut self,
        primary: &Secret,
        home: &Region,
        there: &mut Secrets,
        conditions: &Conditions<'_>,
    ) {
        let copy = there.named(&primary.name).filter(|secret| secret.is_replica_of(primary, home));
        if copy.is_some_and(|copy| copy.is_in_sync(primary, self.kms_key.as_deref())) {
            self.status = Status::InSync;
            return;
        }
        let now = conditions.now;
        let due = match &self.status {
            Status::InProgress { due } => *due,
            Status::Failed { at, .. } if primary.changed <= *at => return,
            Status::InSync | Status::Failed { .. } => now + conditions.delay,
        };
        self.status = match due <= now {
            false => Status::InProgress { due },
            true => match self.copy(primary, home, there, conditions) {
                Ok(()) => Status::InSync,
                Err(message) => {
                    tracing::warn!(secret.id = %primary.arn, region = there.region().name(), "replication failed");
                    Status::Failed { at: now, message }
                }
            },
        };
    }

    fn copy(
        &mut self,
        primary: &Secret,
        home: &Region,
        there: &mut Secrets,
        conditions: &Conditions<'_>,
    ) -> Result<(), String> {
        let key = self.kms_key.as_deref();
        if let Some(failure) = (conditions.failure)(there.region(), key) {
            return Err(failure);
        }
        let is_free = match there.named(&primary.name) {
            None => true,
            Some(existing) if existing.is_replica_of(primary, home) => false,
            Some(existing) => match (self.conflict, &existing.role) {
                (Conflict::Overwrite, Role::Primary(replicas)) if replicas.is_empty() => true,
                (Conflict::Overwrite | Conflict::Fail, Role::Primary(_) | Role::Replica { .. }) => {
                    // The odd word is the service's (moto's authors report the text from AWS).
                    return Err(format!(
                        "Replication failed: Secret name simple already exists in region {}.",
                        there.region().name()
                    ));
                }
            },
        };
        if is_free {
            let arn = there.arn_like(&primary.arn);
            let mut secret = Secret::new(primary.name.clone(), arn, conditions.now);
            secret.role = Role::Replica { primary: home.clone() };
            there.add(secret);
        }
        if let Ok(secret) = there.find_any(&primary.name) {
            secret.follow(primary, key);
        }
        // A later secret of that name is not the one that the caller meant to overwrite.
        self.conflict = Conflict::Fail;
        Ok(())
    }
}
