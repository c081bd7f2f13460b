use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::json::{day, epoch};
use super::page::page;
use super::{Context, limits};
use crate::secrets::{Refusal, VersionFilter};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    secret_id: String,
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    include_deprecated: bool,
}

/// The versions, oldest first: those with a label and a value, and the others only if the request includes deprecated ones
/// (recorded).
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    let max = limits::up_to(100, "maxResults", request.max_results)?;
    let secret = context.find_live(&request.secret_id)?;
    let filter = match request.include_deprecated {
        true => VersionFilter::All,
        false => VersionFilter::LabelledWithValue,
    };
    let versions = secret.versions.list(filter).map(|version| {
        let mut entry = json!({
            "VersionId": version.id,
            "CreatedDate": epoch(version.created),
            "KmsKeyIds": [version.kms_key.as_deref().unwrap_or("DefaultEncryptionKey")],
        });
        let stages = secret.versions.stages_of(&version.id);
        if !stages.is_empty() {
            entry["VersionStages"] = Json::from(stages);
        }
        if let Some(accessed) = version.accessed {
            entry["LastAccessedDate"] = day(accessed);
        }
        entry
    });
    let (versions, next) = page(versions.collect(), max, request.next_token.as_deref())?;
    let mut response = json!({"ARN": secret.arn, "Name": secret.name, "Versions": versions});
    if let Some(next) = next {
        response["NextToken"] = Json::from(next);
    }
    Ok(response)
}
