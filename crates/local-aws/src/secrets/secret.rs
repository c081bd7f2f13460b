use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::arn::region_of;
use super::{Anchor, Policy, Region, Replica, Role, RotationRules, Versions};

/// A secret. A state file keeps it as it is here: a new field that is not an option needs a default, so that older files
/// can be read.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    /// `KmsKeyId` as given; `None` for the key that AWS makes for the account.
    pub(crate) kms_key: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether it once had tags: then responses show an empty list of them (recorded).
    #[serde(default)]
    pub(crate) was_tagged: bool,
    pub(crate) versions: Versions,
    /// `None` until `RotateSecret` is first accepted.
    pub(crate) rotation: Option<RotationConfig>,
    pub(crate) created: OffsetDateTime,
    pub(crate) changed: OffsetDateTime,
    pub(crate) accessed: Option<OffsetDateTime>,
    pub(crate) rotated: Option<OffsetDateTime>,
    pub(crate) deleted: Option<Deletion>,
    pub(crate) policy: Option<Policy>,
    #[serde(default = "Role::alone")]
    pub(crate) role: Role,
}

/// A secret's settings for rotation.
#[derive(Serialize, Deserialize)]
pub(crate) struct RotationConfig {
    /// False after `CancelRotateSecret`.
    pub(crate) enabled: bool,
    pub(crate) lambda_arn: String,
    /// `None` if rotation is only by `RotateSecret`.
    pub(crate) rules: Option<RotationRules>,
    /// When `RotateSecret` last set rules, or turned rotation on.
    pub(crate) set_at: OffsetDateTime,
    /// The rotation tokens of the last rotation's steps; each step has another.
    #[serde(default)]
    tokens: Vec<String>,
    /// The version of a test of rotation (`RotateImmediately` false) that is under way.
    #[serde(default)]
    pub(crate) tested: Option<String>,
}

/// How many rotation tokens are kept: those of ten attempts.
const MAX_TOKENS: usize = 40;

impl RotationConfig {
    /// Rotation is on, and no step has been called yet.
    pub(crate) fn new(lambda_arn: String, rules: Option<RotationRules>, set_at: OffsetDateTime) -> Self {
        RotationConfig { enabled: true, lambda_arn, rules, set_at, tokens: Vec::new(), tested: None }
    }

    /// Remembers the token of a step that is about to be called.
    pub(crate) fn issue(&mut self, token: &str) {
        if self.tokens.len() == MAX_TOKENS {
            self.tokens.remove(0);
        }
        self.tokens.push(token.to_owned());
    }
}

/// The mark that `DeleteSecret` sets.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) marked_at: OffsetDateTime,
    pub(crate) gone_at: OffsetDateTime,
}

impl Secret {
    pub(crate) fn new(name: String, arn: String, now: OffsetDateTime) -> Self {
        Secret {
            arn,
            name,
            description: None,
            kms_key: None,
            tags: BTreeMap::new(),
            was_tagged: false,
            versions: Versions::default(),
            rotation: None,
            created: now,
            changed: now,
            accessed: None,
            rotated: None,
            deleted: None,
            policy: None,
            role: Role::alone(),
        }
    }

    /// Whether this token was sent to the function in one of the last rotation's steps.
    pub(crate) fn issued(&self, token: Option<&str>) -> bool {
        let tokens = self.rotation.iter().flat_map(|rotation| &rotation.tokens);
        token.is_some_and(|token| tokens.into_iter().any(|issued| issued == token))
    }

    /// Ends a test of rotation: its version is removed, unless it has been given another label.
    pub(crate) fn end_test(&mut self, version: &str) {
        self.versions.end_probe(version);
        if let Some(rotation) = &mut self.rotation {
            rotation.tested.take_if(|tested| tested == version);
        }
    }

    /// Whether rotation is on.
    pub(crate) fn rotates(&self) -> bool {
        self.rotation.as_ref().is_some_and(|rotation| rotation.enabled)
    }

    /// The rules of rotation, even if it is off, and what their windows are counted from.
    pub(crate) fn rules(&self) -> Option<(&RotationRules, Anchor)> {
        let rotation = self.rotation.as_ref()?;
        let anchor = Anchor { set_at: rotation.set_at, rotated_at: self.rotated };
        Some((rotation.rules.as_ref()?, anchor))
    }

    /// The same if rotation is on.
    pub(crate) fn schedule(&self) -> Option<(&RotationRules, Anchor)> {
        self.rules().filter(|_| self.rotates())
    }

    /// The replicas of this secret; none if it is one itself.
    pub(crate) fn replicas(&self) -> impl Iterator<Item = (&Region, &Replica)> {
        let replicas = match &self.role {
            Role::Primary(replicas) => Some(replicas),
            Role::Replica { .. } => None,
        };
        replicas.into_iter().flatten()
    }

    /// The region of the secret that this one is a replica of, or its own if it has replicas.
    pub(crate) fn primary_region(&self) -> Option<&str> {
        match &self.role {
            Role::Primary(replicas) if replicas.is_empty() => None,
            Role::Primary(_) => region_of(&self.arn),
            Role::Replica { primary } => Some(primary.name()),
        }
    }

    /// The service that manages this secret, by the tag that AWS reserves for it, such as `rds` (user guide, "Secrets
    /// managed by other services").
    pub(crate) fn owning_service(&self) -> Option<&str> {
        self.tags.get("aws:secretsmanager:owningService").map(String::as_str)
    }
}
