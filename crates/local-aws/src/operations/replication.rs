//! What the operations of replication share.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::{Duration, OffsetDateTime};

use super::json::day;
use super::{Context, kms, limits};
use crate::events::{Event, EventLog, EventName};
use crate::lock::lock;
use crate::secrets::{Account, CURRENT, Conditions, Conflict, Refusal, Region, Replica, Secret, Status};
use crate::service::Settings;

/// A region to replicate to, as a request has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReplicaRegion {
    region: String,
    kms_key_id: Option<String>,
}

/// Lets all replicas follow, as far as the server's options let them. Each one that cannot is an event of its primary.
pub(super) fn replicate(account: &mut Account, settings: &Settings, events: &EventLog, now: OffsetDateTime) {
    let report = |primary: &Secret, message: &str| {
        let version = primary.versions.holder(CURRENT).unwrap_or_default().to_owned();
        let (name, arn, error) =
            (EventName::ReplicationFailed, primary.arn.clone(), Some(message.to_owned()));
        events.emit(&Event { name, arn, version, error, at: now });
    };
    let failure = |region: &Region, kms_key: Option<&str>| {
        if lock(&settings.replication).failing_regions.iter().any(|failing| failing == region.name()) {
            return Some(format!(
                "Replication failed: local-aws was told to let it fail in {}.",
                region.name()
            ));
        }
        let refusal = kms::encrypt(settings, kms_key).err();
        refusal.map(|refusal| format!("Replication failed: {}", refusal.message))
    };
    account.replicate(&Conditions { now, delay: delay(settings), failure: &failure, report: &report });
}

/// How long a replica takes to follow; a century at most, so that it can be added to a time.
fn delay(settings: &Settings) -> Duration {
    const CENTURY: Duration = Duration::days(36_500);
    Duration::try_from(lock(&settings.replication).delay).map_or(CENTURY, |delay| delay.min(CENTURY))
}

/// The replicas that a request asks for. Their first content is due after the server's delay.
pub(super) fn new_replicas(
    context: &Context<'_>,
    regions: Vec<ReplicaRegion>,
    conflict: Conflict,
) -> Result<Vec<(Region, Replica)>, Refusal> {
    if regions.is_empty() {
        return Err(Refusal::validation("addReplicaRegions", "have length greater than or equal to 1"));
    }
    let due = context.now + delay(context.settings);
    let mut seen = BTreeSet::new();
    let mut replicas = Vec::new();
    for (index, ReplicaRegion { region, kms_key_id }) in regions.into_iter().enumerate() {
        limits::region(&region, &format!("addReplicaRegions.{}.member.region", index + 1))?;
        limits::kms_key(kms_key_id.as_deref())?;
        let known = Region::new(&region)
            .filter(|region| region != context.region && region.partition() == context.region.partition());
        let region = known.filter(|region| seen.insert(region.clone()));
        let region = region.ok_or_else(|| Refusal::invalid_parameter("Invalid replica region."))?;
        replicas.push((region, Replica::new(kms::key(kms_key_id), conflict, due)));
    }
    Ok(replicas)
}

/// `ReplicationStatus`: a secret's replicas, in the order of their regions.
pub(super) fn status(account: &Account, secret: &Secret) -> Json {
    let replicas = secret.replicas().map(|(region, replica)| {
        let (status, message) = match &replica.status {
            Status::InProgress { .. } => ("InProgress", None),
            Status::InSync => ("InSync", Some("Replication succeeded")),
            Status::Failed { message, .. } => ("Failed", Some(message.as_str())),
        };
        let mut entry = json!({
            "Region": region.name(),
            "KmsKeyId": replica.kms_key.as_deref().unwrap_or(kms::DEFAULT_KEY),
            "Status": status,
        });
        if let Some(message) = message {
            entry["StatusMessage"] = Json::from(message);
        }
        let copy = account.existing_region(region).and_then(|secrets| secrets.named(&secret.name));
        let copy = copy.filter(|copy| copy.primary_region() == secret.primary_region());
        if let Some(accessed) = copy.and_then(|copy| copy.accessed) {
            entry["LastAccessedDate"] = day(accessed);
        }
        entry
    });
    replicas.collect()
}
