use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::Duration;

use super::json::epoch;
use super::{Context, limits};
use crate::secrets::{Deletion, Refusal, Role, Secret};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

/// Marks a secret for deletion, after 30 days if the request does not say otherwise, or deletes it at once. Rotation is
/// turned off (recorded).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::secret_id(&request.secret_id)?;
    if request.force_delete_without_recovery && request.recovery_window_in_days.is_some() {
        return Err(Refusal::invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = request.recovery_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(Refusal::invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        ));
    }
    if request.force_delete_without_recovery {
        return delete_now(context, &request.secret_id);
    }
    let now = context.now;
    let secret = context.find_live(&request.secret_id)?;
    check_replication(secret)?;
    let gone_at = now + Duration::days(days);
    secret.deleted = Some(Deletion { marked_at: now, gone_at });
    secret.changed = now;
    if let Some(rotation) = &mut secret.rotation {
        rotation.enabled = false;
    }
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": epoch(gone_at)}))
}

/// Refuses to delete a replica, and a secret that has replicas (recorded, with these texts).
fn check_replication(secret: &Secret) -> Result<(), Refusal> {
    if matches!(secret.role, Role::Replica { .. }) {
        return Err(Refusal::replica());
    }
    let regions: Vec<&str> = secret.replicas().map(|(region, _)| region.name()).collect();
    match regions.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid_parameter(format!(
            "You can't delete secret {} that still has replica regions [{}].",
            secret.arn,
            regions.join(", ")
        ))),
    }
}

/// Deletes a secret at once. It succeeds even if there is no such secret (API reference, `DeleteSecret`).
fn delete_now(context: &mut Context<'_>, id: &str) -> Result<Json, Refusal> {
    let now = context.now;
    let secrets = context.secrets();
    let (arn, name) = match secrets.find(id) {
        Ok(secret) => {
            check_replication(secret)?;
            (secret.arn.clone(), secret.name.clone())
        }
        Err(refusal) if id.starts_with("arn:") => return Err(refusal),
        Err(_) => (secrets.new_arn(id), id.to_owned()),
    };
    secrets.remove(&name);
    Ok(json!({"ARN": arn, "Name": name, "DeletionDate": epoch(now)}))
}
