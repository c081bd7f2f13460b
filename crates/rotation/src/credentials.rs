//! Who signs in with what. Passwords show in no debug output and are wiped on drop; what sqlx and the SDK copy
//! of them they do not wipe, but the functions' allocator does.

use std::fmt;

use zeroize::Zeroizing;

/// The text of a secret's version; wiped on drop.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text over, without a copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
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
