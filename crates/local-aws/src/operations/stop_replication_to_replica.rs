use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Context;
use crate::secrets::{Refusal, Role};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Makes a replica a secret of its own, with what it has at this time; called in the replica's region. The primary no longer
/// shows it (API reference, `StopReplicationToReplica`).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let (now, region) = (context.now, context.region);
    let secret = context.find_live(&request.secret_id)?;
    let primary = match &secret.role {
        Role::Replica { primary } => primary.clone(),
        // The text is local-aws's own; the service's is not known.
        Role::Primary(_) => {
            return Err(Refusal::invalid_parameter(
                "The secret is not a replica. Call must be made in the replica secret's region.",
            ));
        }
    };
    secret.role = Role::alone();
    secret.changed = now;
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    if let Ok(primary) = context.account.region(&primary).find_any(&name) {
        primary.role.replicas_mut()?.remove(region);
        primary.changed = now;
    }
    Ok(json!({"ARN": arn}))
}
