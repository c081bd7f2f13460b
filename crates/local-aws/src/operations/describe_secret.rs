use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{day, epoch};
use crate::secrets::{Numbers, Refusal, Secret, Secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
}

/// Everything about a secret but its values; works on a secret marked for deletion too.
pub(crate) fn answer(secrets: &Secrets, request: Request) -> Result<Json, Refusal> {
    let secret = secrets.find(&request.secret_id)?;
    let mut answer = description(secret);
    if let Some(labels) = labels(secret) {
        answer["VersionIdsToStages"] = labels;
    }
    Ok(answer)
}

/// What `DescribeSecret` and `ListSecrets` both tell; a member that has no value is left out, as the service does.
pub(super) fn description(secret: &Secret) -> Json {
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "LastChangedDate": epoch(secret.changed),
        "CreatedDate": epoch(secret.created),
    });
    if let Some(rotation) = &secret.rotation {
        answer["RotationEnabled"] = Json::from(rotation.enabled);
        answer["RotationLambdaARN"] = Json::from(rotation.lambda_arn.as_str());
        if let Some(rules) = &rotation.rules {
            answer["RotationRules"] = rules.clone();
        }
    }
    let tags = secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    let optional = [
        ("Description", secret.description.as_deref().map(Json::from)),
        ("LastRotatedDate", secret.rotated.map(epoch)),
        ("LastAccessedDate", secret.accessed.map(day)),
        ("DeletedDate", secret.deleted.map(|mark| epoch(mark.marked_at))),
        ("Tags", (!secret.tags.is_empty()).then(|| tags.collect())),
    ];
    for (member, value) in optional {
        if let Some(value) = value {
            answer[member] = value;
        }
    }
    answer
}

/// Each version that has a label, with its labels; `None` if there is none.
pub(super) fn labels(secret: &Secret) -> Option<Json> {
    let labels: Map<String, Json> = secret
        .versions
        .list(Numbers::Labelled)
        .map(|version| (version.id.clone(), Json::from(secret.versions.stages_of(&version.id))))
        .collect();
    (!labels.is_empty()).then_some(Json::Object(labels))
}
