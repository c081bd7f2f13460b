use serde::Deserialize;
use serde_json::Value as Json;

use super::replicate_secret_to_regions::respond_with;
use super::{Context, limits};
use crate::secrets::{Refusal, Region};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    remove_replica_regions: Vec<String>,
}

/// Deletes the replicas in these regions. A region without a replica is ignored (moto does so; not recorded).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let regions = request.remove_replica_regions;
    if regions.is_empty() {
        return Err(Refusal::validation("removeReplicaRegions", "have length greater than or equal to 1"));
    }
    for (index, region) in regions.iter().enumerate() {
        limits::region(region, &format!("removeReplicaRegions.{}.member", index + 1))?;
    }
    let (now, home) = (context.now, context.region);
    let secret = context.find_primary(&request.secret_id)?;
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    for region in regions.iter().filter_map(|region| Region::new(region)) {
        let secret = context.find_primary(&name)?;
        if secret.role.replicas_mut()?.remove(&region).is_some() {
            secret.changed = now;
            context.account.remove_replica(&arn, home, &region);
        }
    }
    respond_with(context, &arn)
}
