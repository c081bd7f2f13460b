use serde::Deserialize;
use serde_json::{Value as Json, json};
use time::{Duration, OffsetDateTime};

use super::json::epoch;
use crate::secrets::{Deletion, Refusal, Secrets, new_arn};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

/// Marks a secret for deletion, after 30 days if the request does not say otherwise, or deletes it at once.
pub(crate) fn respond(secrets: &mut Secrets, request: Request, now: OffsetDateTime) -> Result<Json, Refusal> {
    if request.force_delete_without_recovery && request.recovery_window_in_days.is_some() {
        return Err(Refusal::invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    if request.force_delete_without_recovery {
        return Ok(delete_now(secrets, &request.secret_id, now));
    }
    let days = request.recovery_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(Refusal::invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        ));
    }
    let secret = secrets.find_live(&request.secret_id)?;
    let gone_at = now + Duration::days(days);
    secret.deleted = Some(Deletion { marked_at: now, gone_at });
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": epoch(gone_at)}))
}

/// Deletes a secret at once. It succeeds even if there is no such secret (API reference, `DeleteSecret`).
fn delete_now(secrets: &mut Secrets, id: &str, now: OffsetDateTime) -> Json {
    let (arn, name) = match secrets.find(id) {
        Ok(secret) => (secret.arn.clone(), secret.name.clone()),
        Err(_) => (new_arn(id), id.to_owned()),
    };
    secrets.remove(&name);
    json!({"ARN": arn, "Name": name, "DeletionDate": epoch(now)})
}
