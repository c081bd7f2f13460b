//! Accounts, and how names and texts are written in a statement: the server takes no parameters there.

use std::fmt;

/// A user name and the hosts that it may come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Account {
    pub(super) user: String,
    /// None for a role of MariaDB, which has none. MySQL knows accounts whose host is empty, which is not the same as no host:
    /// there a name alone is one at `%`.
    pub(super) host: Option<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&identifier(&self.user))?;
        self.host.as_ref().map_or(Ok(()), |host| write!(f, "@{}", identifier(host)))
    }
}

impl Account {
    pub(super) fn at(user: impl Into<String>, host: impl Into<String>) -> Self {
        Self { user: user.into(), host: Some(host.into()) }
    }

    /// The host, which is empty for a role of MariaDB.
    pub(super) fn host(&self) -> &str {
        self.host.as_deref().unwrap_or_default()
    }

    /// Whether it is for this host: names are compared as the server does.
    pub(super) fn is_at(&self, host: &str) -> bool {
        self.host().eq_ignore_ascii_case(host)
    }
}

/// A name in backticks, which read the same under every `sql_mode`.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in quotes, for a session in utf8mb4 whose `sql_mode` has neither `NO_BACKSLASH_ESCAPES` nor
/// `ANSI_QUOTES`. (The server's own `QUOTE(?)` would write a password into its general log.)
pub(super) fn text(value: &str) -> String {
    let escaped = value.replace('\\', r"\\").replace('\'', r"\'").replace('\0', r"\0");
    format!("'{escaped}'")
}
