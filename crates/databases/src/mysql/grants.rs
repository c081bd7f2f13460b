//! What an account may do: read from SHOW GRANTS, compared, and mended by what differs.

mod all;
mod difference;
mod effective;
mod gifts;
mod missing;
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod restricted_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::account::{Account, identifier};

pub(super) use difference::{Statement, difference};
pub(super) use effective::{GRANT_OPTION, Names, whole};
pub(super) use missing::{Lacking, lacking};
pub(super) use parse::{AFTER_CERTIFICATE, CERTIFICATE, Known, account};

/// What a privilege is held on. Names are in the spelling that the server stores: `a\_b` is another pattern than `a_b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Object {
    Global,
    Database(String),
    Table { database: String, table: String },
    Routine { kind: Kind, database: String, name: String },
}

/// What kind of routine. Packages are MariaDB's, libraries MySQL's (9.2 and later).
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

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.column.as_ref().map_or(Ok(()), |column| write!(f, " ({})", identifier(column)))
    }
}

/// Whether what an account holds may be handed on: WITH GRANT OPTION, or a role's WITH ADMIN OPTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Delegation {
    Held,
    Delegable,
}

/// Everything that SHOW GRANTS says of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// Privileges by what they are held on; no set is empty.
    pub(super) privileges: BTreeMap<Object, BTreeSet<Privilege>>,
    /// Where all that is held may be handed on.
    pub(super) grant_option: BTreeSet<Object>,
    /// MySQL's dynamic privileges, each with a grant option of its own.
    pub(super) dynamic: BTreeMap<String, Delegation>,
    /// MySQL's partial revokes: by database the global privileges, GRANT OPTION among them, that do not apply to it. No set is
    /// empty.
    pub(super) restrictions: BTreeMap<String, BTreeSet<String>>,
    pub(super) roles: BTreeMap<Account, Delegation>,
    pub(super) proxies: BTreeMap<Account, Delegation>,
}

impl Grants {
    /// A line for every right and every restriction, without the account's own name: two accounts are equal if their lines
    /// are. (Which of two accounts may do more, [`Self::lost`] tells.)
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

    /// Lines of what has an option of its own, each with how it is held and the words for that.
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

    /// This account's rights, and those that only `other` holds, with their restrictions. A restriction of this account stays.
    pub(super) fn and_absent(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (object, privileges) in &other.privileges {
            both.privileges.entry(object.clone()).or_default().extend(privileges.iter().cloned());
        }
        both.grant_option.extend(other.grant_option.iter().cloned());
        most(&mut both.dynamic, &other.dynamic);
        most(&mut both.roles, &other.roles);
        most(&mut both.proxies, &other.proxies);
        for (database, names) in &other.restrictions {
            let brought = names.iter().filter(|name| !self.holds_at(&Object::Global, &whole(name)));
            let brought: BTreeSet<_> = brought.cloned().collect();
            if !brought.is_empty() {
                both.restrictions.entry(database.clone()).or_default().extend(brought);
            }
        }
        both
    }

    /// The roles that the two do not hold alike.
    pub(super) fn roles_changed<'a>(&'a self, other: &'a Self) -> Vec<&'a Account> {
        missing::changed(&self.roles, &other.roles).collect()
    }

    /// Everything that anything is held on.
    pub(super) fn objects(&self) -> BTreeSet<Object> {
        self.privileges.keys().chain(&self.grant_option).cloned().collect()
    }

    /// Whether privileges are held on columns of this table.
    pub(super) fn on_columns(&self, table: &Object) -> bool {
        self.privileges.get(table).is_some_and(|held| held.iter().any(|privilege| privilege.column.is_some()))
    }

    /// Leaves out what is held on this.
    pub(super) fn forget(&mut self, object: &Object) {
        self.privileges.remove(object);
        self.grant_option.remove(object);
    }

    /// Leaves out what is held on columns of this table that are gone.
    pub(super) fn forget_columns_but(&mut self, table: &Object, columns: &[String]) {
        let is_there = |column: &String| columns.iter().any(|c| c.to_lowercase() == column.to_lowercase());
        if let Some(privileges) = self.privileges.get_mut(table) {
            privileges.retain(|privilege| privilege.column.as_ref().is_none_or(is_there));
            if privileges.is_empty() {
                self.privileges.remove(table);
            }
        }
    }

    /// A restriction of what is not held on everything restricts nothing.
    fn forget_restrictions_of_nothing(&mut self) {
        let mut restrictions = std::mem::take(&mut self.restrictions);
        restrictions.retain(|_, names| {
            names.retain(|name| self.holds_at(&Object::Global, &whole(name)));
            !names.is_empty()
        });
        self.restrictions = restrictions;
    }

    /// Restricts the global GRANT OPTION: SHOW GRANTS shows that only where nothing else is restricted.
    pub(super) fn restrict_grant_option(&mut self, databases: &[String]) {
        for database in databases {
            self.restrictions.entry(database.clone()).or_default().insert(GRANT_OPTION.to_owned());
        }
        self.forget_restrictions_of_nothing();
    }
}

fn most<K: Ord + Clone>(into: &mut BTreeMap<K, Delegation>, from: &BTreeMap<K, Delegation>) {
    for (key, held) in from {
        let entry = into.entry(key.clone()).or_insert(*held);
        *entry = (*entry).max(*held);
    }
}
