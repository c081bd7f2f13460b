//! Rights on what is gone: the server keeps them, and nobody can grant them to another.
//!
//! `information_schema` shows an object to whoever has a right on it, so that *unseen* is not *gone*: a superuser without one
//! leaves such rights as they are, and what it lacks is a right on the database.

use std::collections::BTreeSet;

use rotation::CallError;

use super::account::text;
use super::account_state::Whose;
use super::grants::{Grants, Kind, Object, whole};
use super::session::MySqlSession;

/// One of these on a table shows its columns (MySQL 8.4 Reference Manual, "The `INFORMATION_SCHEMA` COLUMNS Table").
const ON_COLUMNS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];
const ON_ROUTINES: [&str; 2] = ["EXECUTE", "ALTER ROUTINE"];

impl Whose<'_> {
    /// Whether what is not shown to the reader is not there.
    fn sees(&self, object: &Object) -> bool {
        let any: &[&str] = match object {
            Object::Global | Object::Database(_) => return true,
            Object::Table { .. } => &ON_COLUMNS,
            Object::Routine { .. } => &ON_ROUTINES,
        };
        match self {
            // Whoever holds a right on an object sees it.
            Whose::Own => true,
            Whose::Of(_, superuser) => any.iter().any(|name| superuser.allows(object, &whole(name))),
        }
    }
}

/// Leaves out what is held on columns, routines and libraries that are gone (errors 1054 and 1305). Answers the objects that
/// the reader cannot see.
pub(super) async fn forget(
    session: &mut MySqlSession,
    grants: &mut Grants,
    whose: Whose<'_>,
) -> Result<BTreeSet<Object>, CallError> {
    let mut unseen = BTreeSet::new();
    for object in grants.objects() {
        match &object {
            Object::Global | Object::Database(_) => {}
            object if !whose.sees(object) => _ = unseen.insert(object.clone()),
            Object::Table { database, table } if grants.on_columns(&object) => {
                let columns = format!(
                    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
                    text(database),
                    text(table)
                );
                let columns = session.rows(&columns).await?;
                grants.forget_columns_but(&object, &columns);
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
                    text(database),
                    text(name)
                );
                if *kind != Kind::Library {
                    query.push_str(&format!(" AND ROUTINE_TYPE = '{}'", kind.word().trim_end()));
                }
                if session.rows(&query).await?.is_empty() {
                    grants.forget(&object);
                }
            }
        }
    }
    Ok(unseen)
}

/// Leaves out what is held on tables that are gone: nobody may do anything with it.
pub(super) async fn forget_tables(
    session: &mut MySqlSession,
    grants: &mut Grants,
    whose: Whose<'_>,
) -> Result<(), CallError> {
    for object in grants.objects() {
        let Object::Table { database, table } = &object else { continue };
        let query = format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            text(database),
            text(table)
        );
        if whose.sees(&object) && session.rows(&query).await?.is_empty() {
            grants.forget(&object);
        }
    }
    Ok(())
}
