//! Accounts.

use std::fmt;

use super::quoting::{identifier, literal};

/// A user name and the hosts that it may come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Account {
    pub(super) user: String,
    /// `None` for a role of MariaDB. MySQL knows accounts whose host is empty, which is not the same as no host: there a name alone
    /// is one at `%`.
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

    /// What the columns DEFINER of `information_schema` hold for it, as a text of SQL.
    pub(super) fn as_definer(&self) -> String {
        literal(&format!("{}@{}", self.user, self.host()))
    }

    /// Whether it is for this host, whose name is compared as the server does.
    pub(super) fn is_at(&self, host: &str) -> bool {
        self.host().eq_ignore_ascii_case(host)
    }
}
