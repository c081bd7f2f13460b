use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::context::author;
use super::json::{Tag, Unsupported, objects, optional_objects};
use super::replication::{ReplicaRegion, new_replicas, status};
use super::{Context, kms, limits};
use crate::secrets::{CURRENT, Conflict, Content, Put, Refusal, Role, Secret, Value};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default, deserialize_with = "objects")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "optional_objects")]
    add_replica_regions: Option<Vec<ReplicaRegion>>,
    #[serde(default)]
    force_overwrite_replica_secret: bool,
    #[serde(default, rename = "CrossAccountPrimaryARN")]
    cross_account_primary_arn: Unsupported,
    #[serde(default)]
    r#type: Unsupported,
}

/// Creates a secret; without a value it has no versions. Repeating the call succeeds and changes nothing.
pub(crate) fn respond(context: &mut Context<'_>, request: Request) -> Result<Json, Refusal> {
    request.r#type.refuse("Type", "managed external secrets")?;
    request.cross_account_primary_arn.refuse("CrossAccountPrimaryARN", "replicas in other accounts")?;
    let token = limits::token(request.client_request_token)?;
    limits::name(&request.name)?;
    limits::description(request.description.as_deref())?;
    limits::kms_key(request.kms_key_id.as_deref())?;
    let value = Value::from_request(request.secret_string, request.secret_binary)?;
    let tags = limits::tags(request.tags)?;
    let conflict = match request.force_overwrite_replica_secret {
        true => Conflict::Overwrite,
        false => Conflict::Fail,
    };
    let replicas = match request.add_replica_regions {
        Some(regions) => new_replicas(context, regions, conflict)?,
        None => Vec::new(),
    };
    if let Some(existing) = context.secrets().named(&request.name) {
        return repeated(existing, &token, value.as_ref());
    }
    let arn = context.secrets().new_arn(&request.name);
    let mut secret = Secret::new(request.name, arn, context.now);
    secret.description = request.description;
    secret.kms_key = kms::key(request.kms_key_id);
    secret.tags.extend(tags);
    let mut response = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(value) = value {
        kms::encrypt(context.settings, secret.kms_key.as_deref())?;
        let author = author(context.caller, &secret, None);
        let content = Content { value, author, kms_key: secret.kms_key.clone() };
        let current = [CURRENT.to_owned()];
        match secret.versions.put(&token, content, &current, context.now, &secret.arn)? {
            Put::Stored | Put::Repeated => response["VersionId"] = Json::from(token),
        }
    }
    if !replicas.is_empty() {
        secret.role = Role::Primary(replicas.into_iter().collect());
        response["ReplicationStatus"] = status(context.account, &secret);
    }
    context.secrets().add(secret);
    Ok(response)
}

fn repeated(existing: &Secret, token: &str, value: Option<&Value>) -> Result<Json, Refusal> {
    if existing.deleted.is_some() {
        return Err(Refusal::invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    // A replica has the versions of a secret of another region.
    let existing_version =
        existing.versions.get(token).filter(|_| !matches!(existing.role, Role::Replica { .. }));
    match existing_version.map(|version| version.value.as_ref()) {
        Some(stored) if stored == value => {
            Ok(json!({"ARN": existing.arn, "Name": existing.name, "VersionId": token}))
        }
        Some(_) => Err(Refusal::token_in_use(token, &existing.arn)),
        None => Err(Refusal::exists(format!(
            "The operation failed because the secret {} already exists.",
            existing.name
        ))),
    }
}
