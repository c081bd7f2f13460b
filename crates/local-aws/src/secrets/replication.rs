use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use super::{Account, Conflict, Region, Replica, Role, Secret, Secrets, Status};

/// The conditions under which the service replicates.
pub(crate) struct Conditions<'a> {
    pub(crate) now: OffsetDateTime,
    /// How long a replica takes to follow.
    pub(crate) delay: Duration,
    /// Why a replica in this region, with this key, cannot follow.
    pub(crate) failure: &'a dyn Fn(&Region, Option<&str>) -> Option<String>,
    /// Is told of each replica that could not follow: its primary, and why.
    pub(crate) report: &'a dyn Fn(&Secret, &str),
}

impl Account {
    /// Lets the replicas of all secrets that were changed follow, as far as they can by now.
    pub(crate) fn replicate(&mut self, conditions: &Conditions<'_>) {
        for (home, name) in self.to_replicate() {
            // Out of its region meanwhile, because the replicas' regions are changed as well.
            let Some(mut primary) = self.region(&home).take_to_replicate(&name) else { continue };
            let mut replicas = match &mut primary.role {
                Role::Primary(replicas) => std::mem::take(replicas),
                Role::Replica { .. } => BTreeMap::new(),
            };
            for (region, replica) in &mut replicas {
                replica.advance(&primary, &home, self.region(region), conditions);
            }
            if let Role::Primary(none) = &mut primary.role {
                *none = replicas;
            }
            self.region(&home).add(primary);
        }
    }

    /// Deletes the replica of a secret in a region. Another secret of that name is left.
    pub(crate) fn remove_replica(&mut self, arn: &str, home: &Region, region: &Region) {
        let Ok(primary) = self.find(arn) else { return };
        let name = primary.name.clone();
        let copy = self.existing_region(region).and_then(|secrets| secrets.named(&name));
        if copy.is_some_and(|copy| copy.is_replica_of(primary, home)) {
            self.region(region).remove(&name);
        }
    }
}

impl Secret {
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
                    (conditions.report)(primary, &message);
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
