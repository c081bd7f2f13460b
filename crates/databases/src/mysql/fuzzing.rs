//! For the fuzz targets (`fuzz/`) and the test of their corpus: parses the text of a malicious server. The parsers are private;
//! this returns only lines and statements.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::dialect::Dialect;
use super::grants::{Grants, Known, difference};
use super::properties::Properties;

/// What was parsed of an account.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// A line for every right or property.
    pub lines: BTreeSet<String>,
    /// The statements that give another account the same.
    pub statements: Vec<String>,
}

/// Parses rows of SHOW GRANTS; `version` tells MariaDB from MySQL.
///
/// # Errors
/// What the operator is told of an unknown form.
pub fn show_grants(version: &str, rows: &[String]) -> Result<Read, String> {
    let dialect = if version.contains("MariaDB") { Dialect::MariaDb } else { Dialect::MySql };
    let known = Known { dialect, show_create_routine: version.starts_with("11.8") };
    let grants = Grants::parse(known, rows).map_err(|error| error.to_string())?;
    let another = Account::at("another", "%");
    let base = Account::at("base", "%");
    // A statement with AS makes the server copy restrictions; no row of SHOW GRANTS has it.
    let unrestricted = Grants { restrictions: BTreeMap::new(), ..grants.clone() };
    let mut statements = difference(&unrestricted, &Grants::default(), &another, &base, known.dialect);
    statements.extend(difference(&grants, &unrestricted, &another, &base, known.dialect));
    let statements = statements.into_iter().map(|statement| statement.sql).collect();
    Ok(Read { lines: grants.lines(), statements })
}

/// Parses the row of SHOW CREATE USER. The statement is a CREATE USER with what a clone gets of its base.
///
/// # Errors
/// What the operator is told of an unknown form.
pub fn show_create_user(row: &str) -> Result<Read, String> {
    let properties = Properties::parse(row, &[]).map_err(|error| error.to_string())?;
    let options =
        Properties::default().difference(&properties, Dialect::MySql, Some("base")).unwrap_or_default();
    Ok(Read { lines: properties.lines(), statements: vec![format!("CREATE USER `another`@`%` {options}")] })
}
