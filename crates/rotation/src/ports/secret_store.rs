//! Secrets Manager.

use std::time::SystemTime;

use async_trait::async_trait;

use crate::error::CallError;
use crate::versions::{Versions, Wanted};
use crate::{RotationToken, SecretId, SecretText, VersionId};

/// Secrets Manager.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The host of the service's endpoint; `None` if that is not known.
    fn host(&self) -> Option<String>;

    /// `DescribeSecret`.
    async fn describe(&self, secret: &SecretId) -> Result<Versions, CallError>;

    /// `GetSecretValue`; `None` if that version has no value yet, or no version has the label.
    async fn value(&self, secret: &SecretId, wanted: Wanted<'_>) -> Result<Option<SecretText>, CallError>;

    /// `PutSecretValue` on AWSPENDING. A version's value is immutable, so of two writers one wins, and the
    /// other gets [`Put::AlreadyWritten`].
    async fn put_pending(
        &self,
        secret: &SecretId,
        version: &VersionId,
        text: &SecretText,
        token: Option<&RotationToken>,
    ) -> Result<Put, CallError>;

    /// `ListSecrets`: a page of the account's secrets in this region, but for those that are marked for deletion. Their
    /// replicas and tags are left out.
    async fn list(&self, page: Option<&str>) -> Result<Page, CallError>;

    /// `ListSecretVersionIds`: when a version was made, before it has a value as well; `None` if it is not there.
    async fn created(&self, secret: &SecretId, version: &VersionId) -> Result<Option<SystemTime>, CallError>;

    /// `ListSecretVersionIds`: the versions without a label, newest first.
    async fn unlabelled(&self, secret: &SecretId) -> Result<Vec<VersionId>, CallError>;

    /// `UpdateSecretVersionStage` of AWSCURRENT, if `from` still holds it: a compare-and-swap.
    async fn move_current(
        &self,
        secret: &SecretId,
        from: &VersionId,
        to: &VersionId,
    ) -> Result<Move, CallError>;
}

/// A part of a list of secrets.
#[derive(Debug, Default)]
pub struct Page {
    /// Each by its ARN.
    pub secrets: Vec<(SecretId, Versions)>,
    /// What the next page begins with; `None` for the last one.
    pub next: Option<String>,
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The version has the value that was sent.
    Written,
    /// The version had a value already, which stays.
    AlreadyWritten,
}

/// The result of moving a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The label is on the version that it was to move to.
    Done,
    /// The label was not on the version that it was to move from; nothing has changed.
    NotThere,
}
