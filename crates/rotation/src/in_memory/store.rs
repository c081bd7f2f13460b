//! Secrets Manager in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::clock::{FakeClock, let_others_go_on};
use super::region::Region;
use crate::ports::{Move, Page, Put, SecretStore, Wanted};
use crate::{
    CallError, Cause, Replication, RotationToken, Schedule, SecretId, SecretText, Stage, VersionId, Versions,
};

/// All secrets of an account.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    secrets: Mutex<BTreeMap<String, StoredSecret>>,
    clock: FakeClock,
    /// Until then all writes are throttled.
    throttles_until: Mutex<Duration>,
    /// Why no page of the list but the first can be had.
    pub(crate) list_fails: Mutex<Option<Cause>>,
}

/// A call that reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreCall {
    Describe,
    Value,
    /// Of the versions.
    List,
}

/// A secret, and who may do what with it.
#[derive(Debug, Default)]
pub(crate) struct StoredSecret {
    pub(crate) rotation_enabled: Option<bool>,
    pub(crate) made_for: Option<String>,
    pub(crate) listing_fails: Option<Cause>,
    /// To this call nothing responds.
    pub(crate) is_silent_to: Option<StoreCall>,
    /// Its replicas.
    pub(crate) regions: Vec<Region>,
    /// When a value or a label was last written through the port.
    changed: Duration,
    /// When it was rotated, and by whom.
    pub(crate) schedule: Schedule,
    /// How often it was described.
    pub(crate) described: usize,
    /// In the order in which they were made.
    versions: Vec<StoredVersion>,
}

#[derive(Debug)]
struct StoredVersion {
    id: VersionId,
    value: Option<String>,
    labels: Vec<String>,
}

impl StoredSecret {
    fn version(&mut self, id: &str) -> &mut StoredVersion {
        if let Some(index) = self.versions.iter().position(|version| version.id.0 == id) {
            return &mut self.versions[index];
        }
        self.versions.push(StoredVersion { id: VersionId(id.into()), value: None, labels: Vec::new() });
        self.versions.last_mut().expect("it was pushed")
    }

    fn holder(&self, label: &str) -> Option<usize> {
        self.versions.iter().position(|version| version.labels.iter().any(|other| other == label))
    }

    /// A label is on one version.
    pub(crate) fn label(&mut self, id: &str, label: &str) {
        self.versions.iter_mut().for_each(|version| version.labels.retain(|other| other != label));
        self.version(id).labels.push(label.into());
    }

    pub(crate) fn remove_version(&mut self, id: &str) {
        self.versions.retain(|version| version.id.0 != id);
    }

    pub(crate) fn unlabel(&mut self, id: &str) {
        self.version(id).labels.clear();
    }

    /// Nothing is pending any more.
    pub(crate) fn unlabel_pending(&mut self) {
        let pending = Stage::Pending.name();
        self.versions.iter_mut().for_each(|version| version.labels.retain(|label| label != pending));
    }

    /// A value never changes.
    pub(crate) fn put(&mut self, id: &str, value: &str) -> Put {
        let version = self.version(id);
        match &version.value {
            Some(stored) if stored != value => Put::AlreadyWritten,
            Some(_) => Put::Written,
            None => {
                version.value = Some(value.into());
                Put::Written
            }
        }
    }

    pub(crate) fn value(&self, label: Stage) -> Option<&str> {
        self.versions[self.holder(label.name())?].value.as_deref()
    }

    fn listed(&self) -> Versions {
        let labelled = self.versions.iter().filter(|version| !version.labels.is_empty());
        let stages = labelled.map(|version| (version.id.clone(), version.labels.clone())).collect();
        let (rotation_enabled, schedule) = (self.rotation_enabled, self.schedule.clone());
        Versions { rotation_enabled, stages, schedule, ..Versions::default() }
    }

    pub(crate) fn current(&self) -> Option<&str> {
        self.holder(Stage::Current.name()).map(|index| self.versions[index].id.0.as_str())
    }
}

impl MemoryStore {
    pub(super) fn new(clock: FakeClock) -> Self {
        Self {
            secrets: Mutex::default(),
            clock,
            throttles_until: Mutex::default(),
            list_fails: Mutex::default(),
        }
    }

    pub(crate) fn throttle(&self, how_long: Duration) {
        *self.throttles_until.lock().expect("the store") = self.clock.now() + how_long;
    }

    /// A secret, which is made if there is none.
    pub(crate) fn change<T>(&self, id: &str, change: impl FnOnce(&mut StoredSecret) -> T) -> T {
        change(self.secrets().entry(id.into()).or_default())
    }

    pub(crate) fn remove(&self, id: &str) {
        self.secrets().remove(id);
    }

    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, StoredSecret>> {
        self.secrets.lock().expect("the store")
    }

    async fn of<T>(
        &self,
        id: &SecretId,
        call: impl FnOnce(&mut StoredSecret) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let_others_go_on().await;
        match self.secrets().get_mut(&id.0) {
            Some(secret) => call(secret),
            None => Err(CallError::failed(Cause::SecretNotFound, format!("no secret {id}"))),
        }
    }

    /// Waits for ever if nothing responds to this call.
    async fn responds(&self, id: &SecretId, call: StoreCall) {
        let silent = self.secrets().get(&id.0).and_then(|secret| secret.is_silent_to);
        if silent == Some(call) {
            std::future::pending::<()>().await;
        }
    }

    fn check_writes(&self) -> Result<(), CallError> {
        let is_throttled = self.clock.now() < *self.throttles_until.lock().expect("the store");
        if is_throttled { Err(CallError::failed(Cause::Throttled, "ThrottlingException")) } else { Ok(()) }
    }
}

/// The versions were made one after the other, a second apart.
fn created_at(index: usize) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(index as u64)
}

#[async_trait]
impl SecretStore for MemoryStore {
    fn host(&self) -> Option<String> {
        Some("store".into())
    }

    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError> {
        let describe = |secret: &mut StoredSecret| {
            secret.described += 1;
            let since_change = self.clock.now().saturating_sub(secret.changed);
            let replicas = secret.regions.iter().map(|region| region.shown(since_change)).collect();
            let replication = Replication { replicas, since_change: Some(since_change) };
            Ok(Versions { made_for: secret.made_for.clone(), replication, ..secret.listed() })
        };
        self.responds(secret, StoreCall::Describe).await;
        self.of(secret, describe).await
    }

    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError> {
        let value = |secret: &mut StoredSecret| {
            let index = match wanted {
                Wanted::Labelled(stage) => secret.holder(stage.name()),
                Wanted::Pending(id) => {
                    let holder = secret.holder(Stage::Pending.name());
                    holder.filter(|index| secret.versions[*index].id == *id)
                }
                Wanted::Version(id) => secret.versions.iter().position(|version| version.id == *id),
            };
            let Some(index) = index else { return Ok(None) };
            let text = secret.versions[index].value.clone().map(SecretText::new);
            Ok(text.map(|text| text.created(Some(created_at(index)))))
        };
        self.responds(secret, StoreCall::Value).await;
        // Only DescribeSecret tells a secret that is not there from one without a value.
        match self.of(secret, value).await {
            Err(error) if error.cause() == Some(Cause::SecretNotFound) => Ok(None),
            read => read,
        }
    }

    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        _token: Option<&RotationToken>,
    ) -> Result<Put, CallError> {
        self.check_writes()?;
        let put = |secret: &mut StoredSecret| {
            let put = secret.put(&version.0, text.expose());
            if put == Put::Written {
                secret.changed = self.clock.now();
                secret.label(&version.0, Stage::Pending.name());
            }
            Ok(put)
        };
        self.of(secret, put).await
    }

    async fn list(&self, page: Option<&str>) -> Result<Page, CallError> {
        let_others_go_on().await;
        let at = page.map_or(0, |page| page.parse().expect("a page of this store"));
        let failure = self.list_fails.lock().expect("the store").filter(|_| at > 0);
        if let Some(cause) = failure {
            return Err(CallError::failed(cause, "ListSecrets failed"));
        }
        let secrets = self.secrets();
        let shown = |(id, secret): (&String, &StoredSecret)| (SecretId(id.clone()), secret.listed());
        let next = (secrets.len() > at + 1).then(|| (at + 1).to_string());
        Ok(Page { secrets: secrets.iter().skip(at).take(1).map(shown).collect(), next })
    }

    async fn created(&self, secret: &SecretId, version: &VersionId) -> Result<Option<SystemTime>, CallError> {
        let created = |secret: &mut StoredSecret| {
            if let Some(cause) = secret.listing_fails {
                return Err(CallError::failed(cause, "ListSecretVersionIds failed"));
            }
            let index = secret.versions.iter().position(|stored| stored.id == *version);
            Ok(index.map(created_at))
        };
        self.responds(secret, StoreCall::List).await;
        self.of(secret, created).await
    }

    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError> {
        let list = |secret: &mut StoredSecret| {
            if let Some(cause) = secret.listing_fails {
                return Err(CallError::failed(cause, "ListSecretVersionIds failed"));
            }
            let unlabelled = secret.versions.iter().rev().filter(|version| version.labels.is_empty());
            Ok(unlabelled.map(|version| version.id.clone()).collect())
        };
        self.of(secret, list).await
    }

    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError> {
        self.check_writes()?;
        let label = |secret: &mut StoredSecret| {
            if secret.current() != Some(&from.0) {
                return Ok(Move::NotThere);
            }
            secret.changed = self.clock.now();
            secret.label(&to.0, Stage::Current.name());
            secret.label(&from.0, Stage::Previous.name());
            Ok(Move::Done)
        };
        self.of(secret, label).await
    }
}
