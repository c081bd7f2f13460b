//! Limits of the API's model and quotas.

use super::json::Tag;
use crate::secrets::Refusal;

/// `ClientRequestToken`, which every write must have; it becomes the version's id.
pub(crate) fn token(token: Option<String>) -> Result<String, Refusal> {
    let token = token.ok_or_else(|| {
        Refusal::invalid_request(
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        )
    })?;
    match token.chars().count() {
        32..=64 => Ok(token),
        _ => Err(Refusal::invalid_parameter("ClientRequestToken must be 32-64 characters long.")),
    }
}

/// `RotationToken`: 36 to 256 letters, digits and hyphens (API reference, `PutSecretValue`).
pub(crate) fn rotation_token(token: Option<&str>) -> Result<(), Refusal> {
    let Some(token) = token else { return Ok(()) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (36..=256).contains(&token.len()) && token.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::validation("rotationToken", "satisfy regular expression pattern: ^[a-zA-Z0-9\\-]{36,256}$"))
}

/// A staging label: 1 to 256 characters.
pub(crate) fn stage(stage: &str) -> Result<(), Refusal> {
    match stage.chars().count() {
        1..=256 => Ok(()),
        _ => Err(Refusal::validation("versionStage", "have length between 1 and 256")),
    }
}

/// The labels of a put: 1 to 20.
pub(crate) fn stages(stages: &[String]) -> Result<(), Refusal> {
    match stages.len() {
        1..=20 => stages.iter().try_for_each(|each| stage(each)),
        _ => Err(Refusal::validation("versionStages", "have length between 1 and 20")),
    }
}

/// A secret's name: letters, digits and `/_+=.@-`, up to 512 (API reference, `CreateSecret`).
pub(crate) fn name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::validation(
        "name",
        "be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

/// Tags that a caller may set: AWS reserves the keys that begin with `aws:`.
pub(crate) fn tags(tags: Vec<Tag>) -> Result<Vec<(String, String)>, Refusal> {
    let tag = |Tag { key, value }: Tag| match key.to_ascii_lowercase().starts_with("aws:") {
        true => Err(Refusal::invalid_parameter(
            "Tag keys that begin with aws: are reserved for system use; you can't add, edit or delete them.",
        )),
        false => Ok((key, value)),
    };
    tags.into_iter().map(tag).collect()
}
