//! A secret's versions and labels, and which of them a step may touch.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use crate::error::Refusal;
use crate::function_arn::unqualified;
use crate::replication::Replication;
use crate::{SecretId, VersionId};

/// A staging label that the protocol uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What applications read.
    Current,
    /// What a rotation is about to make current.
    Pending,
    /// What was current before.
    Previous,
}

impl Stage {
    /// The label on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `DescribeSecret` tells, and for the most part `ListSecrets`.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// Absent until rotation was configured once.
    pub rotation_enabled: Option<bool>,
    /// The labels of every version that has one.
    pub stages: BTreeMap<VersionId, Vec<String>>,
    /// The server that RDS made this secret for: the ARN in its tag `aws:rds:primaryDBInstanceArn` or
    /// `aws:rds:primaryDBClusterArn`.
    pub made_for: Option<String>,
    /// Its replicas in other regions.
    pub replication: Replication,
    /// When it is rotated, and by whom.
    pub schedule: Schedule,
}

/// What `DescribeSecret` tells of a secret's rotations.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// `RotationLambdaARN`; absent until rotation was configured once.
    pub function: Option<String>,
    /// `LastRotatedDate`: when AWSCURRENT was last moved by a rotation.
    pub last: Option<SystemTime>,
    /// `NextRotationDate`: by when the next one is due. Absent while rotation is off.
    pub next: Option<SystemTime>,
    /// `DeletedDate` is there: the secret is marked for deletion. That turned rotation off as well.
    pub is_deleted: bool,
}

impl Schedule {
    /// Whether the function with this ARN is the one that rotates, whatever the version or alias; `None` if none does.
    pub(crate) fn is_by(&self, function: &str) -> Option<bool> {
        Some(unqualified(self.function.as_deref()?) == unqualified(function))
    }
}

/// Whether a step has anything to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The version is pending; `current` is the version that it replaces.
    Pending {
        /// The version with AWSCURRENT.
        current: VersionId,
    },
    /// The version is AWSCURRENT already: the step is done.
    AlreadyCurrent,
}

impl Versions {
    /// Checks that `version` may be rotated in.
    ///
    /// # Errors
    /// A refusal if the secret is marked for deletion, or unless rotation is enabled, the version is AWSPENDING (or AWSCURRENT already) and some
    /// version is AWSCURRENT. An absent `RotationEnabled` is admitted, as AWS's functions do: the service
    /// tests a function (`RotateImmediately=false`) while it is being configured.
    pub fn admit(&self, version: &VersionId) -> Result<Admission, Refusal> {
        if self.schedule.is_deleted {
            return Err(Refusal::MarkedForDeletion);
        }
        if self.rotation_enabled == Some(false) {
            return Err(Refusal::RotationDisabled);
        }
        let stages =
            self.stages.get(version).ok_or_else(|| Refusal::UnknownVersion { version: version.clone() })?;
        if stages.iter().any(|stage| stage == Stage::Current.name()) {
            return Ok(Admission::AlreadyCurrent);
        }
        if !stages.iter().any(|stage| stage == Stage::Pending.name()) {
            return Err(Refusal::NotPending { version: version.clone(), stages: stages.join(", ") });
        }
        let current = self.holder(Stage::Current).ok_or(Refusal::NoCurrent)?;
        Ok(Admission::Pending { current: current.clone() })
    }

    /// The version that an unfinished rotation makes: AWSPENDING may stay on the one that has become AWSCURRENT.
    #[must_use]
    pub fn unfinished(&self) -> Option<&VersionId> {
        self.holder(Stage::Pending).filter(|pending| Some(*pending) != self.holder(Stage::Current))
    }

    /// The version that has a label.
    #[must_use]
    pub fn holder(&self, stage: Stage) -> Option<&VersionId> {
        let holds = |stages: &Vec<String>| stages.iter().any(|label| label == stage.name());
        self.stages.iter().find(|(_, stages)| holds(stages)).map(|(version, _)| version)
    }
}

/// Which version of a secret to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Whichever has the label.
    Labelled(Stage),
    /// This one, as long as it is AWSPENDING.
    Pending(&'a VersionId),
    /// This one.
    Version(&'a VersionId),
}

/// What messages call a version of a secret.
pub(crate) fn describe_version(stage: Stage, secret: &SecretId) -> String {
    format!("{stage} version of {secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(enabled: Option<bool>, labels: &[(&str, &[&str])]) -> Versions {
        let owned = |labels: &&[&str]| labels.iter().map(ToString::to_string).collect();
        let stages = labels.iter().map(|(id, labels)| (VersionId((*id).into()), owned(labels))).collect();
        Versions { rotation_enabled: enabled, stages, ..Versions::default() }
    }

    fn admitted(versions: &Versions) -> Result<Admission, String> {
        versions.admit(&VersionId("new".into())).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_pending_version_is_admitted() {
        for enabled in [None, Some(true)] {
            let versions = versions(enabled, &[("old", &["AWSCURRENT"]), ("new", &["AWSPENDING", "mine"])]);
            assert_eq!(admitted(&versions), Ok(Admission::Pending { current: VersionId("old".into()) }));
        }
    }

    #[test]
    fn a_version_that_is_current_has_nothing_left_to_do() {
        let versions = versions(Some(true), &[("new", &["AWSPENDING", "AWSCURRENT"])]);
        assert_eq!(admitted(&versions), Ok(Admission::AlreadyCurrent));
    }

    #[test]
    fn everything_else_is_refused() {
        type Labels<'a> = &'a [(&'a str, &'a [&'a str])];
        let cases: [(Option<bool>, Labels<'_>, &str); 4] = [
            (Some(false), &[("old", &["AWSCURRENT"]), ("new", &["AWSPENDING"])], "not enabled"),
            (Some(true), &[("old", &["AWSCURRENT"])], "version new has no label"),
            (Some(true), &[("old", &["AWSCURRENT"]), ("new", &["AWSPREVIOUS"])], "not AWSPENDING"),
            (Some(true), &[("new", &["AWSPENDING"])], "no AWSCURRENT"),
        ];
        for (enabled, labels, said) in cases {
            let refusal = admitted(&versions(enabled, labels)).expect_err(said);
            assert!(refusal.contains(said), "{refusal}");
        }
    }
}
