//! User names and passwords. Passwords show in no debug output and are wiped on drop. sqlx and the SDK do not wipe their
//! copies; the functions' allocator does.

use std::fmt;
use std::time::SystemTime;

use zeroize::Zeroizing;

/// The text of a secret's version; wiped on drop.
pub struct SecretText {
    text: Zeroizing<String>,
    created: Option<SystemTime>,
}

impl SecretText {
    /// Takes a text over, without a copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { text: Zeroizing::new(text), created: None }
    }

    /// The same of a version that was made then.
    #[must_use]
    pub fn created(self, created: Option<SystemTime>) -> Self {
        Self { created, ..self }
    }

    /// When its version was made, if the store says so.
    pub(crate) fn created_at(&self) -> Option<SystemTime> {
        self.created
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(_)")
    }
}

/// A password; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password over, without a copy.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    /// The plain text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(_)")
    }
}

/// The name of a database user, as it is stored: any characters but NUL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(pub String);

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
