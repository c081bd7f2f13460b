use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Value;

/// A version. Once it has a value, the value never changes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// `None` between `RotateSecret` and the function's `PutSecretValue`.
    pub(crate) value: Option<Value>,
    /// Who wrote the value.
    pub(crate) author: Author,
    /// The key that encrypts the value; `None` for the key that AWS makes for the account.
    pub(crate) kms_key: Option<String>,
    pub(crate) created: OffsetDateTime,
    pub(crate) accessed: Option<OffsetDateTime>,
}

/// Who wrote a value, as far as Secrets Manager distinguishes: it fails a rotation whose pending value is not the
/// function's (user guide, "Troubleshoot rotation").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Author {
    /// The rotation function, a caller that sent the rotation token of a step, or the service itself, which copies a value
    /// for `RotateImmediately=false`.
    Function,
    /// Anyone else.
    Other,
}

/// What is written into a version.
pub(crate) struct Content {
    pub(crate) value: Value,
    pub(crate) author: Author,
    pub(crate) kms_key: Option<String>,
}
