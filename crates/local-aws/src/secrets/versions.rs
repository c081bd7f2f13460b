use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Author, Content, Refusal, Value, Version};

pub(crate) const CURRENT: &str = "AWSCURRENT";
pub(crate) const PENDING: &str = "AWSPENDING";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The most labels of one secret (quotas of Secrets Manager).
const MAX_LABELS: usize = 20;
/// The most versions of one secret; beyond it, the oldest without a label are removed (quotas of Secrets Manager: about
/// 100).
const MAX_VERSIONS: usize = 100;

/// The versions of one secret, and their staging labels.
///
/// A label maps to the version that holds it, so no label can be on two versions.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// Oldest first.
    all: Vec<Version>,
    holders: BTreeMap<String, String>,
}

/// The result of a put.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The version now has the value and the labels.
    Stored,
    /// The version already had this value. Nothing was changed, not even the labels.
    Repeated,
}

/// Which versions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionFilter {
    /// Versions with a label.
    Labelled,
    /// Versions with a label and a value (recorded: `ListSecretVersionIds` lists these).
    LabelledWithValue,
    /// All versions.
    All,
}

impl Versions {
    pub(crate) fn get(&self, id: &str) -> Option<&Version> {
        self.all.iter().find(|version| version.id == id)
    }

    pub(crate) fn holder(&self, stage: &str) -> Option<&str> {
        self.holders.get(stage).map(String::as_str)
    }

    /// A version's labels, in alphabetical order, as from the service.
    pub(crate) fn stages_of(&self, id: &str) -> Vec<&str> {
        self.holders.iter().filter(|(_, holder)| *holder == id).map(|(stage, _)| stage.as_str()).collect()
    }

    pub(crate) fn list(&self, filter: VersionFilter) -> impl Iterator<Item = &Version> {
        let labelled = |version: &Version| !self.stages_of(&version.id).is_empty();
        self.all.iter().filter(move |version| match filter {
            VersionFilter::Labelled => labelled(version),
            VersionFilter::LabelledWithValue => version.value.is_some() && labelled(version),
            VersionFilter::All => true,
        })
    }

    /// The version of the rotation under way: it has AWSPENDING and is not AWSCURRENT.
    pub(crate) fn pending(&self) -> Option<&str> {
        self.holder(PENDING).filter(|id| Some(*id) != self.holder(CURRENT))
    }

    /// Reads the version that the parameters of `GetSecretValue` name; AWSCURRENT if neither is given.
    pub(crate) fn read(
        &mut self,
        id: Option<&str>,
        stage: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<(&Version, &Value), Refusal> {
        let by_stage = stage.or(if id.is_none() { Some(CURRENT) } else { None });
        let missing = |kind: &str, what: &str| {
            Refusal::not_found(format!(
                "Secrets Manager can't find the specified secret value for {kind}: {what}"
            ))
        };
        let refusal = match (id, by_stage) {
            (Some(id), _) => missing("VersionId", id),
            (None, stage) => missing("staging label", stage.unwrap_or(CURRENT)),
        };
        let holder = by_stage.and_then(|stage| self.holder(stage)).map(str::to_owned);
        let Some(found) = id.map(str::to_owned).or_else(|| holder.clone()) else { return Err(refusal) };
        let Some(version) = self.all.iter_mut().find(|version| version.id == found) else {
            return Err(refusal);
        };
        if stage.is_some() && holder.as_ref() != Some(&found) {
            return Err(Refusal::invalid_request(
                "You provided a VersionStage that is not associated to the provided VersionId.",
            ));
        }
        // A read that finds no value is not an access (recorded).
        if version.value.is_some() {
            version.accessed = Some(now);
        }
        let version = &*version;
        version.value.as_ref().map(|value| (version, value)).ok_or(refusal)
    }

    /// Gives version `id` its value and labels, atomically. The first version of a secret also becomes AWSCURRENT.
    pub(crate) fn put(
        &mut self,
        id: &str,
        content: Content,
        stages: &[String],
        now: OffsetDateTime,
        arn: &str,
    ) -> Result<Put, Refusal> {
        match self.get(id).map(|version| version.value.as_ref()) {
            Some(Some(stored)) if *stored == content.value => return Ok(Put::Repeated),
            Some(Some(_)) => return Err(Refusal::token_in_use(id, arn)),
            Some(None) | None => {}
        }
        let first = self.all.is_empty();
        let mut stages: Vec<&str> = stages.iter().map(String::as_str).collect();
        if first && !stages.contains(&CURRENT) {
            stages.push(CURRENT);
        }
        self.check_room(&stages)?;
        match self.all.iter_mut().find(|version| version.id == id) {
            Some(version) => {
                (version.value, version.author) = (Some(content.value), content.author);
                version.kms_key = content.kms_key;
            }
            None => self.add(id, Some(content), now),
        }
        // AWSCURRENT last, so that AWSPREVIOUS ends on the version that AWSCURRENT left, even if the caller names both.
        stages.sort_by_key(|stage| *stage == CURRENT);
        for stage in stages {
            self.attach(stage, id);
        }
        self.prune();
        Ok(Put::Stored)
    }

    /// Creates version `id` and puts AWSPENDING on it. It has no value for a rotation, and a copy of the current value for
    /// the probe of `RotateImmediately=false`.
    pub(crate) fn begin(
        &mut self,
        id: &str,
        content: Option<Content>,
        now: OffsetDateTime,
        arn: &str,
    ) -> Result<(), Refusal> {
        if self.get(id).is_some() {
            return Err(Refusal::token_in_use(id, arn));
        }
        self.check_room(&[PENDING])?;
        self.add(id, content, now);
        self.attach(PENDING, id);
        self.prune();
        Ok(())
    }

    /// Removes the version that a probe created, unless it has been given another label.
    pub(crate) fn end_probe(&mut self, id: &str) {
        if self.holder(PENDING) == Some(id) {
            self.holders.remove(PENDING);
        }
        if self.stages_of(id).is_empty() {
            self.all.retain(|version| version.id != id);
        }
    }

    /// Removes AWSPENDING from a version that is not AWSCURRENT, and returns that version. It keeps its value.
    pub(crate) fn abandon_rotation(&mut self) -> Option<String> {
        let pending = self.pending().map(str::to_owned);
        if pending.is_some() {
            self.holders.remove(PENDING);
        }
        pending
    }

    /// `UpdateSecretVersionStage`: if the label leaves a version, `from` must be that version.
    pub(crate) fn move_stage(
        &mut self,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(), Refusal> {
        for id in [from, to].into_iter().flatten() {
            if self.get(id).is_none() {
                return Err(Refusal::invalid_parameter(format!("Not a valid version: {id}")));
            }
        }
        self.check_from(stage, from, to)?;
        let Some(to) = to else {
            self.holders.remove(stage);
            return Ok(());
        };
        if stage == CURRENT && self.get(to).is_none_or(|version| version.value.is_none()) {
            return Err(Refusal::invalid_request(
                "You can't attach the staging label AWSCURRENT to a version that has no secret value.",
            ));
        }
        self.check_room(&[stage])?;
        self.attach(stage, to);
        Ok(())
    }

    /// Encrypts the versions that have a label with another key (API reference, `UpdateSecret`: those with AWSCURRENT,
    /// AWSPENDING or AWSPREVIOUS).
    pub(crate) fn encrypt_labelled(&mut self, kms_key: Option<&str>) {
        let holders: Vec<String> = [CURRENT, PENDING, PREVIOUS]
            .iter()
            .filter_map(|stage| self.holders.get(*stage).cloned())
            .collect();
        for version in self.all.iter_mut().filter(|version| holders.contains(&version.id)) {
            version.kms_key = kms_key.map(str::to_owned);
        }
    }

    /// Whether the versions, their values and labels are those of `other`.
    pub(crate) fn same_content(&self, other: &Versions) -> bool {
        let same = |(one, other): (&Version, &Version)| {
            one.id == other.id && one.value == other.value && one.author == other.author
        };
        self.holders == other.holders
            && self.all.len() == other.all.len()
            && self.all.iter().zip(&other.all).all(same)
    }

    /// Becomes a replica of `primary`, encrypted with a key of its own. When a version was read is known per region.
    pub(crate) fn follow(&mut self, primary: &Versions, kms_key: Option<&str>) {
        let accessed = |id: &str| self.get(id).and_then(|version| version.accessed);
        let copy = |version: &Version| Version {
            kms_key: kms_key.map(str::to_owned),
            accessed: accessed(&version.id),
            ..version.clone()
        };
        self.all = primary.all.iter().map(copy).collect();
        self.holders.clone_from(&primary.holders);
    }

    fn check_from(&self, stage: &str, from: Option<&str>, to: Option<&str>) -> Result<(), Refusal> {
        match (self.holder(stage), from, to) {
            (_, None, None) => Err(Refusal::invalid_parameter(
                "You must provide a value for either MoveToVersionId or RemoveFromVersionId.",
            )),
            (_, Some(_), None) if stage == CURRENT => Err(Refusal::invalid_parameter(
                "You can only move staging label AWSCURRENT to a different secret version. It can't be completely \
                 removed.",
            )),
            (Some(holder), None, Some(to)) if holder != to => Err(Refusal::invalid_parameter(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to \
                 version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            ))),
            (holder, Some(from), _) if holder != Some(from) => Err(Refusal::invalid_parameter(format!(
                "Staging label {stage} is not attached to version {from}."
            ))),
            _ => Ok(()),
        }
    }

    fn check_room(&self, stages: &[&str]) -> Result<(), Refusal> {
        let moves_current = stages.contains(&CURRENT) && self.holders.contains_key(CURRENT);
        let follower = moves_current.then_some(&PREVIOUS);
        let new = stages.iter().chain(follower).filter(|stage| !self.holders.contains_key(**stage)).count();
        if self.holders.len() + new > MAX_LABELS {
            return Err(Refusal::limit("The secret has the maximum number of staging labels (20)."));
        }
        Ok(())
    }

    fn add(&mut self, id: &str, content: Option<Content>, now: OffsetDateTime) {
        let (value, author, kms_key) = match content {
            Some(Content { value, author, kms_key }) => (Some(value), author, kms_key),
            None => (None, Author::Other, None),
        };
        self.all.push(Version { id: id.to_owned(), value, author, kms_key, created: now, accessed: None });
    }

    fn attach(&mut self, stage: &str, to: &str) {
        let left = self.holders.insert(stage.to_owned(), to.to_owned()).filter(|left| left != to);
        if stage != CURRENT {
            return;
        }
        if let Some(left) = left {
            // Seen in recorded responses of the service: a version that loses AWSCURRENT also loses AWSPENDING.
            if self.holder(PENDING) == Some(&left) {
                self.holders.remove(PENDING);
            }
            self.holders.insert(PREVIOUS.to_owned(), left);
        }
    }

    fn prune(&mut self) {
        let mut spare = self.all.len().saturating_sub(MAX_VERSIONS);
        let held: Vec<&String> = self.holders.values().collect();
        self.all.retain(|version| {
            let drop = spare > 0 && !held.contains(&&version.id);
            spare -= usize::from(drop);
            !drop
        });
    }
}
