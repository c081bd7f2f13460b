use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::json::objects;
use super::replication::{ReplicaRegion, new_replicas, status};
use super::{Context, limits};
use crate::secrets::{Conflict, Refusal, Status};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    #[serde(deserialize_with = "objects")]
    add_replica_regions: Vec<ReplicaRegion>,
    #[serde(default)]
    force_overwrite_replica_secret: bool,
}

/// Begins to replicate a secret to more regions. The response says `InProgress`, as in the example of AWS's CLI; how it ended
/// is in `DescribeSecret`. A region that has a replica already is tried again, with the key of this request.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let conflict = match request.force_overwrite_replica_secret {
        true => Conflict::Overwrite,
        false => Conflict::Fail,
    };
    let added = new_replicas(context, request.add_replica_regions, conflict)?;
    limits::secret_id(&request.secret_id)?;
    let now = context.now;
    let secret = context.secrets().find_to_replicate(&request.secret_id)?;
    let replicas = secret.role.replicas_mut()?;
    for (region, replica) in added {
        let same = replicas
            .get(&region)
            .is_some_and(|existing| existing.status == Status::InSync && existing.kms_key == replica.kms_key);
        if !same {
            replicas.insert(region, replica);
        }
    }
    secret.changed = now;
    let arn = secret.arn.clone();
    respond_with(context, &arn)
}

/// The ARN and the replicas of a secret.
pub(super) fn respond_with(context: &mut Context<'_>, arn: &str) -> Result<Json, Refusal> {
    let account = &*context.account;
    let secret = account.find(arn)?;
    Ok(json!({"ARN": secret.arn, "ReplicationStatus": status(account, secret)}))
}
