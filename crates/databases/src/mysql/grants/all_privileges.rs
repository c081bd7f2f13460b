//! The privileges that ALL PRIVILEGES stands for.

use super::super::dialect::Dialect;
use super::{Object, Privilege, whole};

/// Which privileges a server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Known {
    pub(in super::super) dialect: Dialect,
    /// MariaDB 11.3 and later.
    pub(in super::super) show_create_routine: bool,
}

impl Known {
    pub(in super::super) const MYSQL: Self = Self { dialect: Dialect::MySql, show_create_routine: false };
}

/// ALL PRIVILEGES on a database (MySQL 8.4 Reference Manual, "Privileges Provided by MySQL", table 8.2;
/// MariaDB documentation, "GRANT", database privileges).
const OF_DATABASE: [&str; 18] = [
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
/// The same on a table.
const OF_TABLE: [&str; 12] = [
    "ALTER",
    "CREATE",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "INDEX",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
/// The same on a routine.
const OF_ROUTINE: [&str; 2] = ["ALTER ROUTINE", "EXECUTE"];
/// MariaDB's further privileges: on databases and tables, and from 11.3 on also on databases and routines.
const DELETE_HISTORY: &str = "DELETE HISTORY";
const SHOW_CREATE_ROUTINE: &str = "SHOW CREATE ROUTINE";

/// The single privileges, so that a difference is as small as possible, and because MariaDB 11.8 refuses ALL PRIVILEGES to a
/// superuser that holds each of them. Globally it stays one, because only a real superuser grants it to an application.
pub(super) fn all_privileges(known: Known, object: &Object) -> Vec<Privilege> {
    let (names, maria, maria_11): (&[&str], &[&str], &[&str]) = match object {
        Object::Global => (&["ALL PRIVILEGES"], &[], &[]),
        Object::Database(_) => (&OF_DATABASE, &[DELETE_HISTORY], &[SHOW_CREATE_ROUTINE]),
        Object::Table { .. } => (&OF_TABLE, &[DELETE_HISTORY], &[]),
        Object::Routine { .. } => (&OF_ROUTINE, &[], &[SHOW_CREATE_ROUTINE]),
    };
    let maria = if known.dialect == Dialect::MariaDb { maria } else { &[] };
    let maria_11 = if known.show_create_routine { maria_11 } else { &[] };
    let names = names.iter().chain(maria).chain(maria_11);
    names.map(|name| whole(name)).collect()
}
