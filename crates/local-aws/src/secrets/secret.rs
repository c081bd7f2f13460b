use std::collections::BTreeMap;

use serde_json::Value as Json;
use time::OffsetDateTime;

use super::{Versions, new_arn};

/// A secret.
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) versions: Versions,
    /// `None` until `RotateSecret` is first accepted.
    pub(crate) rotation: Option<RotationConfig>,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
    pub(crate) accessed: Option<OffsetDateTime>,
    pub(crate) rotated: Option<OffsetDateTime>,
    pub(crate) deleted: Option<Deletion>,
}

/// A secret's settings for rotation.
pub(crate) struct RotationConfig {
    /// False after `CancelRotateSecret`.
    pub(crate) enabled: bool,
    pub(crate) lambda_arn: String,
    /// `RotationRules`, as given.
    pub(crate) rules: Option<Json>,
}

/// The mark that `DeleteSecret` sets.
#[derive(Clone, Copy)]
pub(crate) struct Deletion {
    pub(crate) marked_at: OffsetDateTime,
    pub(crate) gone_at: OffsetDateTime,
}

impl Secret {
    pub(crate) fn new(name: String, now: OffsetDateTime) -> Self {
        Secret {
            arn: new_arn(&name),
            name,
            description: None,
            tags: BTreeMap::new(),
            versions: Versions::default(),
            rotation: None,
            created: now,
            changed: now,
            accessed: None,
            rotated: None,
            deleted: None,
        }
    }

    /// Whether `id` names this secret, by its name, its ARN, or its ARN without the random suffix.
    pub(crate) fn is(&self, id: &str) -> bool {
        let partial = &self.arn[..self.arn.len() - "-AbCdEf".len()];
        id == self.name || id == self.arn || id == partial
    }
}
