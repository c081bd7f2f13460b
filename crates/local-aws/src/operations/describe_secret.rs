use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::json::{day, epoch};
use super::replication::status;
use super::{Context, limits};
use crate::secrets::{Refusal, Secret, VersionFilter};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Everything about a secret except its values, even if it is marked for deletion.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    limits::secret_id(&request.secret_id)?;
    let account = &*context.account;
    let secrets = account.existing_region(context.region).ok_or_else(Refusal::no_secret)?;
    let secret = secrets.find(&request.secret_id)?;
    let mut response = description(secret);
    if secret.replicas().next().is_some() {
        response["ReplicationStatus"] = status(account, secret);
    }
    if let Some(labels) = labels(secret) {
        response["VersionIdsToStages"] = labels;
    }
    Ok(response)
}

/// The members that `DescribeSecret` and `ListSecrets` share. A member without a value is left out, as by the service; an
/// empty description counts as none (recorded).
pub(super) fn description(secret: &Secret) -> Json {
    let mut response = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "LastChangedDate": epoch(secret.changed),
        "CreatedDate": epoch(secret.created),
    });
    if let Some(rotation) = &secret.rotation {
        response["RotationEnabled"] = Json::from(rotation.enabled);
        response["RotationLambdaARN"] = Json::from(rotation.lambda_arn.as_str());
    }
    let tags = secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Json::from);
    let optional = [
        ("Description", text(secret.description.as_deref())),
        ("KmsKeyId", text(secret.kms_key.as_deref())),
        ("PrimaryRegion", text(secret.primary_region())),
        ("OwningService", text(secret.owning_service())),
        // Recorded: not shown once rotation is off.
        ("LastRotatedDate", secret.rotated.filter(|_| secret.rotates()).map(epoch)),
        ("RotationRules", secret.rules().map(|(rules, anchor)| rules.shown(&anchor))),
        // Not shown while rotation is off (API reference: null then).
        (
            "NextRotationDate",
            secret.schedule().and_then(|(rules, anchor)| rules.next_rotation_date(&anchor)).map(epoch),
        ),
        ("LastAccessedDate", secret.accessed.map(day)),
        ("DeletedDate", secret.deleted.map(|mark| epoch(mark.marked_at))),
        ("Tags", (secret.was_tagged || !secret.tags.is_empty()).then(|| tags.collect())),
    ];
    for (member, value) in optional {
        if let Some(value) = value {
            response[member] = value;
        }
    }
    response
}

/// Each version that has a label, with its labels; `None` if no version has one.
pub(super) fn labels(secret: &Secret) -> Option<Json> {
    let labels: Map<String, Json> = secret
        .versions
        .list(VersionFilter::Labelled)
        .map(|version| (version.id.clone(), Json::from(secret.versions.stages_of(&version.id))))
        .collect();
    (!labels.is_empty()).then_some(Json::Object(labels))
}
