//! Rights on dropped objects: the server keeps them, and nobody can grant them to another account.
//!
//! `information_schema` shows an object only to users with a right on it, so an object that is not shown need not be dropped: if
//! the superuser has no right on the object, such rights stay as they are, and the superuser lacks a right on the database.

use std::collections::BTreeSet;

use rotation::CallError;

use super::connection::Connection;
use super::grants::{Grants, Kind, Object, whole};
use super::quoting::literal;
use super::superuser::Superuser;

/// Each of these on a table shows its columns (MySQL 8.4 Reference Manual, "The `INFORMATION_SCHEMA` COLUMNS Table").
const ON_COLUMNS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];
const ON_ROUTINES: [&str; 2] = ["EXECUTE", "ALTER ROUTINE"];

/// Who reads an account.
#[derive(Clone, Copy)]
pub(super) enum Reader<'a> {
    /// The account's own user.
    Itself,
    Superuser(&'a Superuser),
}

impl Reader<'_> {
    /// Whether the reader would be shown this object if it existed.
    fn sees(&self, object: &Object) -> bool {
        let any: &[&str] = match object {
            Object::Global | Object::Database(_) => return true,
            Object::Table { .. } => &ON_COLUMNS,
            Object::Routine { .. } => &ON_ROUTINES,
        };
        match self {
            // A user sees every object that it has a right on.
            Reader::Itself => true,
            Reader::Superuser(superuser) => any.iter().any(|name| superuser.allows(object, &whole(name))),
        }
    }
}

/// Removes what is held on dropped columns, routines and libraries (errors 1054 and 1305). Returns the objects that the reader
/// cannot see.
pub(super) async fn remove_dropped(
    connection: &mut Connection,
    grants: &mut Grants,
    reader: Reader<'_>,
) -> Result<BTreeSet<Object>, CallError> {
    let mut unseen = BTreeSet::new();
    for object in grants.objects() {
        match &object {
            Object::Global | Object::Database(_) => {}
            object if !reader.sees(object) => _ = unseen.insert(object.clone()),
            Object::Table { database, table } if grants.on_columns(&object) => {
                let columns = format!(
                    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
                    literal(database),
                    literal(table)
                );
                let columns = connection.rows(&columns).await?;
                grants.retain_columns(&object, &columns);
            }
            Object::Table { .. } => {}
            Object::Routine { kind, database, name } => {
                let (table, prefix) = match kind {
                    Kind::Library => ("LIBRARIES", "LIBRARY"),
                    Kind::Function | Kind::Procedure | Kind::Package | Kind::PackageBody => {
                        ("ROUTINES", "ROUTINE")
                    }
                };
                let mut query = format!(
                    "SELECT {prefix}_NAME FROM information_schema.{table} WHERE {prefix}_SCHEMA = {} AND {prefix}_NAME = {}",
                    literal(database),
                    literal(name)
                );
                if *kind != Kind::Library {
                    query.push_str(&format!(" AND ROUTINE_TYPE = '{}'", kind.word().trim_end()));
                }
                if connection.rows(&query).await?.is_empty() {
                    grants.remove(&object);
                }
            }
        }
    }
    Ok(unseen)
}

/// Removes what is held on dropped tables: it allows nothing.
pub(super) async fn remove_dropped_tables(
    connection: &mut Connection,
    grants: &mut Grants,
    reader: Reader<'_>,
) -> Result<(), CallError> {
    for object in grants.objects() {
        let Object::Table { database, table } = &object else { continue };
        let query = format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            literal(database),
            literal(table)
        );
        if reader.sees(&object) && connection.rows(&query).await?.is_empty() {
            grants.remove(&object);
        }
    }
    Ok(())
}
