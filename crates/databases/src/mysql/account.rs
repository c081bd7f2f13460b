//! Accounts, and how names and texts are written in a statement: the server takes no parameters there.

use std::fmt;

/// A user name and the hosts that it may come from. A role of MariaDB has no host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Account {
    pub(super) user: String,
    pub(super) host: String,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&identifier(&self.user))?;
        if self.host.is_empty() { Ok(()) } else { write!(f, "@{}", identifier(&self.host)) }
    }
}

impl Account {
    /// Whether it is for this host: names are compared as the server does.
    pub(super) fn is_at(&self, host: &str) -> bool {
        self.host.eq_ignore_ascii_case(host)
    }

    /// As PROXY takes it. The empty host is one of its own there, and MySQL takes a name alone as one at `%` (tried:
    /// 9.7 refuses to revoke PROXY ON ``` `` ``` where ``` ``@`` ``` is held, 1141).
    pub(super) fn proxied(&self) -> String {
        format!("{}@{}", identifier(&self.user), identifier(&self.host))
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
