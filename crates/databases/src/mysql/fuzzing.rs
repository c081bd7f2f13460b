//! What the fuzz targets (`fuzz/`) and the test of their corpus ask: how the text of a server that lies is read.
//! Reading is private; this shows no more of it than lines and statements.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::dialect::Dialect;
use super::grants::{Grants, Known, difference};
use super::settings::Settings;

/// What was read of an account.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// A line for every right or setting.
    pub lines: BTreeSet<String>,
    /// What gives another account the same.
    pub statements: Vec<String>,
}

/// Reads rows of SHOW GRANTS, of MariaDB where `version` says so.
///
/// # Errors
/// What the operator is told of a form that is not known.
pub fn show_grants(version: &str, rows: &[String]) -> Result<Read, String> {
    let dialect = if version.contains("MariaDB") { Dialect::MariaDb } else { Dialect::MySql };
    let known = Known { dialect, show_create_routine: version.starts_with("11.8") };
    let grants = Grants::parse(known, rows).map_err(|unread| unread.to_string())?;
    let another = Account::at("another", "%");
    let base = Account::at("base", "%");
    // The server copies restrictions where a statement says AS, which no row of SHOW GRANTS does.
    let unrestricted = Grants { restrictions: BTreeMap::new(), ..grants.clone() };
    let mut statements = difference(&unrestricted, &Grants::default(), &another, &base, known.dialect);
    statements.extend(difference(&grants, &unrestricted, &another, &base, known.dialect));
    let statements = statements.into_iter().map(|statement| statement.sql).collect();
    Ok(Read { lines: grants.lines(), statements })
}

/// Reads the row of SHOW CREATE USER. The statement is one of CREATE USER, with what a clone gets of its base.
///
/// # Errors
/// What the operator is told of a form that is not known.
pub fn show_create_user(row: &str) -> Result<Read, String> {
    let settings = Settings::parse(row, &[]).map_err(|unread| unread.to_string())?;
    let options = Settings::default().difference(&settings, Dialect::MySql, "base").unwrap_or_default();
    Ok(Read { lines: settings.lines(), statements: vec![format!("CREATE USER `another`@`%` {options}")] })
}
