//! What ALL PRIVILEGES is.

use super::super::dialect::Dialect;
use super::effective::whole;
use super::{Known, Object, Privilege};

/// What ALL PRIVILEGES means at a database (MySQL 8.4 Reference Manual, "Privileges Provided by MySQL", table 8.2;
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
/// The same at a table.
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
/// The same at a routine.
const OF_ROUTINE: [&str; 2] = ["ALTER ROUTINE", "EXECUTE"];
/// What MariaDB has beside these: at databases and tables, and from 11.3 on at databases and routines.
const DELETE_HISTORY: &str = "DELETE HISTORY";
const SHOW_CREATE_ROUTINE: &str = "SHOW CREATE ROUTINE";

/// Spelled out, so that a difference is as small as it can be, and since MariaDB 11.8 refuses ALL PRIVILEGES to a superuser
/// that holds each of them. At the top it stays one: nobody grants it to an application but a real superuser.
pub(super) fn all(known: Known, object: &Object) -> Vec<Privilege> {
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
