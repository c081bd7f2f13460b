//! What an account may do: read from SHOW GRANTS, compared, and made equal.

mod all_privileges;
mod difference;
mod effective;
mod missing;
mod parse;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod restricted_tests;
#[cfg(test)]
mod tests;
mod user_grantable;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::account::Account;
use super::quoting::identifier;

pub(super) use all_privileges::Known;
pub(super) use difference::{Statement, difference};
pub(super) use effective::DatabaseNames;
pub(super) use missing::{MissingPrivileges, missing_privileges};
pub(super) use parse::{AFTER_CERTIFICATE, CERTIFICATE, account};

/// The object on which a privilege is held. Names are as the server stores them: `a\_b` is another pattern than `a_b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Object {
    Global,
    Database(String),
    Table { database: String, table: String },
    Routine { kind: Kind, database: String, name: String },
}

/// The kind of a routine. Packages are MariaDB's, libraries MySQL's (9.2 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Function,
    Procedure,
    Package,
    PackageBody,
    Library,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, database, name) = match self {
            Self::Global => return f.write_str("*.*"),
            Self::Database(database) => return write!(f, "{}.*", identifier(database)),
            Self::Table { database, table } => ("", database, table),
            Self::Routine { kind, database, name } => (kind.word(), database, name),
        };
        write!(f, "{kind}{}.{}", identifier(database), identifier(name))
    }
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Function => "FUNCTION ",
            Self::Procedure => "PROCEDURE ",
            Self::Package => "PACKAGE ",
            Self::PackageBody => "PACKAGE BODY ",
            Self::Library => "LIBRARY ",
        }
    }
}

/// A privilege, on a column where it names one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Privilege {
    pub(super) name: String,
    pub(super) column: Option<String>,
}

/// WITH GRANT OPTION, as if it were a privilege: one held above an object, or beside the privilege, is enough to grant it
/// (tried: 9.7.4, 11.8.9).
pub(super) const GRANT_OPTION: &str = "GRANT OPTION";

/// A privilege on a whole object, not on a column.
pub(super) fn whole(name: &str) -> Privilege {
    Privilege { name: name.to_owned(), column: None }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.column.as_ref().map_or(Ok(()), |column| write!(f, " ({})", identifier(column)))
    }
}

/// Whether an account may grant what it holds: WITH GRANT OPTION, or a role's WITH ADMIN OPTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Delegation {
    Held,
    Delegable,
}

/// What SHOW GRANTS shows of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// Privileges by object; no set is empty.
    pub(super) privileges: BTreeMap<Object, BTreeSet<Privilege>>,
    /// The objects with the GRANT OPTION.
    pub(super) grant_option: BTreeSet<Object>,
    /// MySQL's dynamic privileges, each with its own grant option.
    pub(super) dynamic: BTreeMap<String, Delegation>,
    /// MySQL's partial revokes: by database, the global privileges (and GRANT OPTION) that do not apply to it. No set is empty.
    pub(super) restrictions: BTreeMap<String, BTreeSet<String>>,
    pub(super) roles: BTreeMap<Account, Delegation>,
    pub(super) proxies: BTreeMap<Account, Delegation>,
}

impl Grants {
    /// A line for every right and every restriction, without the account's own name: two accounts are equal if their lines
    /// are. ([`Self::lost`] tells which of two accounts may do more.)
    pub(super) fn lines(&self) -> BTreeSet<String> {
        let delegable = self.delegable().into_iter();
        let mut lines: BTreeSet<_> = delegable.map(|(line, (_, option))| format!("{line}{option}")).collect();
        for (object, privileges) in &self.privileges {
            lines.extend(privileges.iter().map(|privilege| format!("{privilege} ON {object}")));
        }
        lines.extend(self.grant_option.iter().map(|object| format!("GRANT OPTION ON {object}")));
        for (database, privileges) in &self.restrictions {
            lines.extend(privileges.iter().map(|name| format!("no {name} ON {}.*", identifier(database))));
        }
        lines
    }

    /// Lines of what has its own option, each with how it is held and the keywords of the option.
    fn delegable(&self) -> BTreeMap<String, (Delegation, &'static str)> {
        let with = |held: &Delegation, option| match held {
            Delegation::Held => (*held, ""),
            Delegation::Delegable => (*held, option),
        };
        let roles =
            self.roles.iter().map(|(role, held)| (format!("role {role}"), with(held, " WITH ADMIN OPTION")));
        let proxies = self
            .proxies
            .iter()
            .map(|(user, held)| (format!("PROXY ON {user}"), with(held, " WITH GRANT OPTION")));
        let dynamic = self
            .dynamic
            .iter()
            .map(|(name, held)| (format!("{name} ON *.*"), with(held, " WITH GRANT OPTION")));
        roles.chain(proxies).chain(dynamic).collect()
    }

    /// This account's rights, and those that only `other` holds with their restrictions. A restriction of this account stays.
    pub(super) fn with_absent(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (object, privileges) in &other.privileges {
            both.privileges.entry(object.clone()).or_default().extend(privileges.iter().cloned());
        }
        both.grant_option.extend(other.grant_option.iter().cloned());
        merge(&mut both.dynamic, &other.dynamic);
        merge(&mut both.roles, &other.roles);
        merge(&mut both.proxies, &other.proxies);
        for (database, names) in &other.restrictions {
            let brought = names.iter().filter(|name| !self.holds_at(&Object::Global, &whole(name)));
            let brought: BTreeSet<_> = brought.cloned().collect();
            if !brought.is_empty() {
                both.restrictions.entry(database.clone()).or_default().extend(brought);
            }
        }
        both
    }

    /// The roles that the two hold differently.
    pub(super) fn roles_changed<'a>(&'a self, other: &'a Self) -> Vec<&'a Account> {
        changed(&self.roles, &other.roles).collect()
    }

    /// Every object on which something is held.
    pub(super) fn objects(&self) -> BTreeSet<Object> {
        self.privileges.keys().chain(&self.grant_option).cloned().collect()
    }

    /// Whether privileges are held on columns of this table.
    pub(super) fn on_columns(&self, table: &Object) -> bool {
        self.privileges.get(table).is_some_and(|held| held.iter().any(|privilege| privilege.column.is_some()))
    }

    /// Removes what is held on this object.
    pub(super) fn remove(&mut self, object: &Object) {
        self.privileges.remove(object);
        self.grant_option.remove(object);
    }

    /// Removes what is held on columns of this table other than these.
    pub(super) fn retain_columns(&mut self, table: &Object, columns: &[String]) {
        let exists = |column: &String| columns.iter().any(|c| c.to_lowercase() == column.to_lowercase());
        if let Some(privileges) = self.privileges.get_mut(table) {
            privileges.retain(|privilege| privilege.column.as_ref().is_none_or(exists));
            if privileges.is_empty() {
                self.privileges.remove(table);
            }
        }
    }

    /// Removes restrictions of privileges that are not held globally: they restrict nothing.
    fn remove_void_restrictions(&mut self) {
        let mut restrictions = std::mem::take(&mut self.restrictions);
        restrictions.retain(|_, names| {
            names.retain(|name| self.holds_at(&Object::Global, &whole(name)));
            !names.is_empty()
        });
        self.restrictions = restrictions;
    }

    /// Restricts the global GRANT OPTION, which SHOW GRANTS shows only if nothing else is restricted.
    pub(super) fn restrict_grant_option(&mut self, databases: &[String]) {
        for database in databases {
            self.restrictions.entry(database.clone()).or_default().insert(GRANT_OPTION.to_owned());
        }
        self.remove_void_restrictions();
    }
}

/// What the two hold differently.
fn changed<'a, K: Ord>(
    one: &'a BTreeMap<K, Delegation>,
    other: &'a BTreeMap<K, Delegation>,
) -> impl Iterator<Item = &'a K> {
    let keys: BTreeSet<&K> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key))
}

/// Adds `from` to `into`; of two ways to hold the same, the one with the option stays.
fn merge<K: Ord + Clone>(into: &mut BTreeMap<K, Delegation>, from: &BTreeMap<K, Delegation>) {
    for (key, held) in from {
        let entry = into.entry(key.clone()).or_insert(*held);
        *entry = (*entry).max(*held);
    }
}
