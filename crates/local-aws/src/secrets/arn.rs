use rand::RngExt;

use super::Region;

/// How many random characters an ARN ends with, after a hyphen.
const SUFFIX: usize = 6;

/// The ARN of a new secret. It ends with the secret's name, a hyphen and six random characters.
pub(crate) fn new_arn(region: &Region, account: &str, name: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = crate::entropy::entropy();
    let suffix: String =
        (0..SUFFIX).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
    format!("{}{name}-{suffix}", prefix(region, account))
}

/// The ARN of a replica: that of its primary, except for the region (API reference, `StopReplicationToReplica`).
pub(super) fn arn_in(region: &Region, arn: &str) -> String {
    let last = arn.splitn(5, ':').last().unwrap_or_default();
    format!("arn:{}:secretsmanager:{}:{last}", region.partition(), region.name())
}

/// What the ARNs of all secrets of an account in a region begin with.
pub(super) fn prefix(region: &Region, account: &str) -> String {
    format!("arn:{}:secretsmanager:{}:{account}:secret:", region.partition(), region.name())
}

/// The region that an ARN names.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}

/// Splits the last part of an ARN into the secret's name and the random characters, if it ends as a whole ARN does.
///
/// Secrets Manager reads a partial ARN as a whole one if it ends so: a secret whose name itself ends with a hyphen and
/// six characters is not found by its partial ARN (user guide, "Finding a secret from a partial ARN"; recorded).
pub(super) fn split_suffix(last: &str) -> Option<(&str, &str)> {
    let (name, suffix) = last.rsplit_once('-')?;
    let is_suffix = suffix.len() == SUFFIX && suffix.chars().all(|c| c.is_ascii_alphanumeric());
    (is_suffix && !name.is_empty()).then_some((name, suffix))
}
