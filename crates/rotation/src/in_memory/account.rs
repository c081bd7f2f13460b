//! An account of a server.

use std::collections::BTreeSet;

use crate::Username;

/// An account, as the server stores it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// The primary one, then one that was retained.
    pub(crate) passwords: Vec<String>,
    pub(crate) is_superuser: bool,
    pub(crate) is_expired: bool,
    pub(crate) is_locked: bool,
    /// The server lets the user not change its own password.
    pub(crate) is_barred: bool,
    pub(crate) rights: BTreeSet<String>,
    /// It has no connection left.
    pub(crate) is_full: bool,
    /// Who made it a member of its base.
    pub(crate) grantor: Option<Username>,
    /// The databases in which it owns objects.
    pub(crate) owns: Vec<String>,
    /// The role as which a superuser grants, if it is not the one that signs in.
    pub(crate) acts_as: Option<Username>,
}

impl Account {
    pub(crate) fn with(password: &str) -> Self {
        Self { passwords: vec![password.into()], rights: ["SELECT".into()].into(), ..Self::default() }
    }

    pub(crate) fn has(&self, password: &str) -> bool {
        self.passwords.iter().any(|other| other == password)
    }
}
