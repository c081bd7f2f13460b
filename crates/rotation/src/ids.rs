//! What names a secret and its versions.

use std::fmt;

/// Names a secret: an ARN, or in a superuser reference whatever `GetSecretValue` accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretId(pub String);

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a version of a secret: the `ClientRequestToken` of the call that made it, 32 to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionId(pub String);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
