//! Limits of the API's model and quotas.

use std::collections::BTreeSet;

use super::json::Tag;
use crate::secrets::{DEFAULT_POLICY, Refusal};

/// What a request without a `ClientRequestToken` gets as its message; the code depends on the operation.
pub(super) const NO_TOKEN: &str =
    "You must provide a ClientRequestToken value. We recommend a UUID-type value.";

/// `ClientRequestToken`, which every write must have; it becomes the version's id.
pub(crate) fn token(token: Option<String>) -> Result<String, Refusal> {
    let token = token.ok_or_else(|| Refusal::invalid_request(NO_TOKEN))?;
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

/// A version's id: 32 to 64 characters.
pub(crate) fn version_id(id: Option<&str>, member: &str) -> Result<(), Refusal> {
    match id.map(|id| id.chars().count()) {
        None | Some(32..=64) => Ok(()),
        Some(_) => Err(Refusal::validation(member, "have length between 32 and 64")),
    }
}

/// A secret's name: letters, digits and `/_+=.@!-`, up to 512 (API reference, `CreateSecret`; the exclamation mark is
/// in names that other services give, and in the message of the refusal, recorded).
pub(crate) fn name(name: &str) -> Result<(), Refusal> {
    match name.len() {
        1..=512 if name.chars().all(is_of_name) => Ok(()),
        0 => Err(Refusal::validation("name", "have length greater than or equal to 1")),
        1..=512 => Err(Refusal::invalid_name()),
        _ => Err(Refusal::validation("name", "have length less than or equal to 512")),
    }
}

/// A secret's name or ARN: up to 2,048 characters of a name; an ARN has colons, too.
pub(crate) fn secret_id(id: &str) -> Result<(), Refusal> {
    secret_id_in(id, "secretId")
}

/// As `secret_id`, for an id in another member.
pub(crate) fn secret_id_in(id: &str, member: &str) -> Result<(), Refusal> {
    let is_arn = id.starts_with("arn:");
    match id.len() {
        1..=2048 if id.chars().all(|c| is_of_name(c) || (is_arn && c == ':')) => Ok(()),
        0 => Err(Refusal::validation(member, "have length greater than or equal to 1")),
        1..=2048 => Err(Refusal::invalid_name()),
        _ => Err(Refusal::validation(member, "have length less than or equal to 2048")),
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@!-".contains(c)
}

/// A description: up to 2,048 characters.
pub(crate) fn description(text: Option<&str>) -> Result<(), Refusal> {
    match text.map_or(0, |text| text.chars().count()) {
        0..=2048 => Ok(()),
        _ => Err(Refusal::validation("description", "have length less than or equal to 2048")),
    }
}

/// The name of a region: 1 to 128 characters of a form.
pub(crate) fn region(name: &str, member: &str) -> Result<(), Refusal> {
    let words: Vec<&str> = name.split('-').collect();
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    let is_number = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match words.split_last() {
        _ if !(1..=128).contains(&name.len()) => {
            Err(Refusal::validation(member, "have length between 1 and 128"))
        }
        Some((number, words)) if !words.is_empty() && words.iter().all(is_word) && is_number(number) => {
            Ok(())
        }
        Some(_) | None => {
            Err(Refusal::validation(member, "satisfy regular expression pattern: ^([a-z]+-)+\\d+$"))
        }
    }
}

/// `KmsKeyId`: up to 2,048 characters.
pub(crate) fn kms_key(key: Option<&str>) -> Result<(), Refusal> {
    match key.map_or(0, |key| key.chars().count()) {
        0..=2048 => Ok(()),
        _ => Err(Refusal::validation("kmsKeyId", "have length less than or equal to 2048")),
    }
}

/// A number from 1 to `max`; `max` if the request has none.
pub(crate) fn up_to(max: u16, member: &str, number: Option<i64>) -> Result<usize, Refusal> {
    match number.map(u16::try_from) {
        None => Ok(usize::from(max)),
        Some(Ok(number)) if (1..=max).contains(&number) => Ok(usize::from(number)),
        Some(_) => Err(Refusal::validation(member, &format!("have value between 1 and {max}"))),
    }
}

/// `PolicyName`: 1 to 64 letters, digits, hyphens and underscores; `default` if it is absent.
pub(crate) fn policy_name(name: Option<&str>) -> Result<(), Refusal> {
    let name = name.unwrap_or(DEFAULT_POLICY);
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match name.len() {
        1..=64 if name.chars().all(allowed) => Ok(()),
        1..=64 => {
            Err(Refusal::validation("policyName", "satisfy regular expression pattern: [0-9A-Za-z\\-\\_]+"))
        }
        _ => Err(Refusal::validation("policyName", "have length between 1 and 64")),
    }
}

/// As `policy_name`, where the policy is to be changed: the API changes the default one only (API reference,
/// `PutResourcePolicy`, `DeleteResourcePolicy`).
pub(crate) fn default_policy(name: Option<&str>) -> Result<(), Refusal> {
    policy_name(name)?;
    match name {
        None | Some(DEFAULT_POLICY) => Ok(()),
        Some(_) => Err(Refusal::invalid_parameter("You can only change the policy with the name default.")),
    }
}

/// `ResourcePolicy`: 1 to 20,480 characters.
pub(crate) fn policy(text: &str) -> Result<(), Refusal> {
    match text.chars().count() {
        1..=20_480 => Ok(()),
        _ => Err(Refusal::validation("resourcePolicy", "have length between 1 and 20480")),
    }
}

/// The most tags of a secret (quotas of Secrets Manager).
const MAX_TAGS: usize = 50;

/// Tags that a caller may set: at most 50, each key once. AWS reserves the keys that begin with `aws:`.
pub(crate) fn tags(tags: Vec<Tag>) -> Result<Vec<(String, String)>, Refusal> {
    let mut keys = BTreeSet::new();
    for (index, Tag { key, value }) in tags.iter().enumerate() {
        let member = |name: &str| format!("tags.{}.member.{name}", index + 1);
        tag_key(key, &member("key"))?;
        if value.chars().count() > 256 {
            return Err(Refusal::validation(&member("value"), "have length less than or equal to 256"));
        }
        unreserved(key)?;
        if !keys.insert(key) {
            return Err(Refusal::invalid_request("You can't have duplicate tag keys in the same request."));
        }
    }
    tag_count(keys.into_iter())?;
    Ok(tags.into_iter().map(|Tag { key, value }| (key, value)).collect())
}

/// A tag's key: 1 to 128 characters.
pub(crate) fn tag_key(key: &str, member: &str) -> Result<(), Refusal> {
    match key.chars().count() {
        1..=128 => Ok(()),
        _ => Err(Refusal::validation(member, "have length between 1 and 128")),
    }
}

/// Refuses a tag's key that AWS reserves.
pub(crate) fn unreserved(key: &str) -> Result<(), Refusal> {
    match key.to_ascii_lowercase().starts_with("aws:") {
        false => Ok(()),
        true => Err(Refusal::invalid_parameter(
            "Tag keys that begin with aws: are reserved for system use; you can't add, edit or delete them.",
        )),
    }
}

/// The tags that a secret would have, by their keys: at most 50 different ones.
pub(crate) fn tag_count<'a>(keys: impl Iterator<Item = &'a String>) -> Result<(), Refusal> {
    match keys.collect::<BTreeSet<_>>().len() {
        0..=MAX_TAGS => Ok(()),
        _ => Err(Refusal::invalid_parameter("You can't have more than 50 tags on a secret.")),
    }
}
