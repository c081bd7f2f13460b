//! What an account may do: read from SHOW GRANTS, compared, and mended by what differs.

mod difference;
mod missing;
mod parse;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::account::{Account, identifier};

pub(super) use difference::{Statement, difference};
pub(super) use missing::missing;
pub(super) use parse::{AFTER_CERTIFICATE, CERTIFICATE, Known, account};

/// What a privilege is held on. Names are in the spelling that the server stores: `a\_b` is another pattern than `a_b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Object {
    Global,
    Database(String),
    Table { database: String, table: String },
    Routine { kind: Kind, database: String, name: String },
}

/// What kind of routine. Packages are MariaDB's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Function,
    Procedure,
    Package,
    PackageBody,
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
    fn word(self) -> &'static str {
        match self {
            Self::Function => "FUNCTION ",
            Self::Procedure => "PROCEDURE ",
            Self::Package => "PACKAGE ",
            Self::PackageBody => "PACKAGE BODY ",
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
    /// MySQL's partial revokes: global privileges that do not apply to a database.
    pub(super) restrictions: BTreeMap<String, BTreeSet<String>>,
    pub(super) roles: BTreeMap<Account, Delegation>,
    pub(super) proxies: BTreeMap<Account, Delegation>,
}

impl Grants {
    /// A line for every right, without the account's own name: two accounts are equal if their lines are.
    pub(super) fn lines(&self) -> BTreeSet<String> {
        let mut lines = self.sweeping();
        for (object, privileges) in &self.privileges {
            lines.extend(privileges.iter().map(|privilege| format!("{privilege} ON {object}")));
        }
        lines.extend(self.grant_option.iter().map(|object| format!("GRANT OPTION ON {object}")));
        for (database, privileges) in &self.restrictions {
            lines.extend(privileges.iter().map(|name| format!("no {name} ON {}.*", identifier(database))));
        }
        lines
    }

    /// The lines of what makes an account somebody else's: what reaches beyond single databases.
    pub(super) fn sweeping(&self) -> BTreeSet<String> {
        let with = |delegation: &Delegation, option| match delegation {
            Delegation::Held => "",
            Delegation::Delegable => option,
        };
        let of_roles =
            self.roles.iter().map(|(role, held)| format!("role {role}{}", with(held, " WITH ADMIN OPTION")));
        let of_proxies = self
            .proxies
            .iter()
            .map(|(user, held)| format!("PROXY ON {user}{}", with(held, " WITH GRANT OPTION")));
        let of_dynamic = self
            .dynamic
            .iter()
            .map(|(name, held)| format!("{name} ON *.*{}", with(held, " WITH GRANT OPTION")));
        let global = self.privileges.get(&Object::Global).into_iter().flatten();
        let global = global.map(|privilege| format!("{privilege} ON *.*"));
        of_roles.chain(of_proxies).chain(of_dynamic).chain(global).collect()
    }

    /// Both together.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (object, privileges) in &other.privileges {
            both.privileges.entry(object.clone()).or_default().extend(privileges.iter().cloned());
        }
        both.grant_option.extend(other.grant_option.iter().cloned());
        most(&mut both.dynamic, &other.dynamic);
        most(&mut both.roles, &other.roles);
        most(&mut both.proxies, &other.proxies);
        both.restrictions.retain(|database, privileges| match other.restrictions.get(database) {
            Some(theirs) => {
                privileges.retain(|name| theirs.contains(name));
                !privileges.is_empty()
            }
            None => false,
        });
        both
    }

    /// The tables on whose columns privileges are held, with their databases.
    pub(super) fn tables_with_columns(&self) -> Vec<(String, String)> {
        let tables = self.privileges.iter().filter_map(|(object, privileges)| match object {
            Object::Table { database, table } if privileges.iter().any(|p| p.column.is_some()) => {
                Some((database.clone(), table.clone()))
            }
            Object::Global | Object::Database(_) | Object::Table { .. } | Object::Routine { .. } => None,
        });
        tables.collect()
    }

    /// The routines that anything is held on, with their databases.
    pub(super) fn routines(&self) -> BTreeSet<(String, String)> {
        let objects = self.privileges.keys().chain(&self.grant_option);
        let routines = objects.filter_map(|object| match object {
            Object::Routine { database, name, .. } => Some((database.clone(), name.clone())),
            Object::Global | Object::Database(_) | Object::Table { .. } => None,
        });
        routines.collect()
    }

    /// Leaves out what is held on a routine that is gone.
    pub(super) fn forget_routine(&mut self, gone_from: &str, gone: &str) {
        let is_gone = |object: &Object| matches!(object, Object::Routine { database, name, .. } if database == gone_from && name == gone);
        self.privileges.retain(|object, _| !is_gone(object));
        self.grant_option.retain(|object| !is_gone(object));
    }

    /// Leaves out what is held on columns of this table that are gone: nobody can grant that to another (1054).
    pub(super) fn forget_columns_but(&mut self, database: &str, table: &str, columns: &[String]) {
        let object = Object::Table { database: database.into(), table: table.into() };
        let is_there = |column: &String| columns.iter().any(|c| c.to_lowercase() == column.to_lowercase());
        if let Some(privileges) = self.privileges.get_mut(&object) {
            privileges.retain(|privilege| privilege.column.as_ref().is_none_or(is_there));
            if privileges.is_empty() {
                self.privileges.remove(&object);
            }
        }
    }
}

fn most<K: Ord + Clone>(into: &mut BTreeMap<K, Delegation>, from: &BTreeMap<K, Delegation>) {
    for (key, held) in from {
        let entry = into.entry(key.clone()).or_insert(*held);
        *entry = (*entry).max(*held);
    }
}
