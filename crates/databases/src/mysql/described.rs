//! An account as the server shows it.

use std::collections::BTreeSet;

use rotation::{Cause, EdgeError, Refusal};

use super::account::{Account, text};
use super::dialect::Dialect;
use super::grants::Grants;
use super::session::MySqlSession;
use super::settings::Settings;
use super::stored::Stored;
use super::tokens::Unread;

/// The ways to sign in by password that the driver has, and whose password the server keeps.
const MYSQL_METHODS: [&str; 3] = ["caching_sha2_password", "sha256_password", "mysql_native_password"];
/// The driver has neither ed25519 nor parsec.
const MARIADB_METHODS: [&str; 1] = ["mysql_native_password"];

/// What an account may do, and what it is held to.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) account: Account,
    pub(super) grants: Grants,
    pub(super) settings: Settings,
}

/// Whose account is shown. Others' need SELECT on the schema `mysql`, and are known from there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    Own,
    Of(&'a Stored),
}

impl Described {
    /// Reads an account.
    ///
    /// # Errors
    /// Also where a form is unknown: to overlook a right would be to lose it.
    pub(super) async fn read(session: &mut MySqlSession, whose: Whose<'_>) -> Result<Self, EdgeError> {
        let (account, grants, create) = match (whose, session.dialect) {
            (Whose::Of(Stored { account, .. }), _) => {
                (account.clone(), format!("SHOW GRANTS FOR {account}"), format!("SHOW CREATE USER {account}"))
            }
            // Without FOR, the rights of active roles would be among them.
            (Whose::Own, Dialect::MySql) => (
                session.account.clone(),
                "SHOW GRANTS FOR CURRENT_USER()".to_owned(),
                "SHOW CREATE USER CURRENT_USER()".to_owned(),
            ),
            (Whose::Own, Dialect::MariaDb) => (
                session.account.clone(),
                "SHOW GRANTS FOR CURRENT_USER()".to_owned(),
                "SHOW CREATE USER".to_owned(),
            ),
        };
        let grants = session.rows(&grants).await?;
        let create = session.rows(&create).await?.concat();
        let mut described = Self::parse(session, account, &grants, &create).await?;
        // What a user sees of itself is only compared with what another sees, printed by the same server.
        if let Whose::Of(stored) = whose {
            described.settings.require = stored.require.clone();
        }
        Ok(described)
    }
}

impl Described {
    /// Reads another's account by its name.
    ///
    /// # Errors
    /// As [`Self::read`]; an account that is gone by now is an error.
    pub(super) async fn of(session: &mut MySqlSession, account: &Account) -> Result<Self, EdgeError> {
        let all = Stored::of(session, &account.user).await?;
        let Some(stored) = all.iter().find(|stored| stored.account == *account) else {
            return Err(EdgeError::failed(Cause::Statement, format!("{account} is gone")));
        };
        Self::read(session, Whose::Of(stored)).await
    }
}

/// Columns, and routines of databases, that are gone while privileges on them stay: nobody can grant those to another
/// (errors 1054 and 1305), and they are of no use. Whoever holds a privilege on one that is there sees it.
async fn forget_what_is_gone(session: &mut MySqlSession, grants: &mut Grants) -> Result<(), EdgeError> {
    for (database, table) in grants.tables_with_columns() {
        let query = format!(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            text(&database),
            text(&table)
        );
        let columns = session.rows(&query).await?;
        grants.forget_columns_but(&database, &table, &columns);
    }
    for (database, name) in grants.routines() {
        let query = format!(
            "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {} AND ROUTINE_NAME = {}",
            text(&database),
            text(&name)
        );
        if session.rows(&query).await?.is_empty() {
            grants.forget_routine(&database, &name);
        }
    }
    Ok(())
}

impl Described {
    async fn parse(
        session: &mut MySqlSession,
        account: Account,
        grants: &[String],
        create: &str,
    ) -> Result<Self, EdgeError> {
        let unread = |shown: &str, unread: Unread| {
            let answer =
                format!("{shown} of {account} is in a form that this function does not know ({unread})");
            EdgeError::failed(Cause::Statement, answer)
        };
        let settings = Settings::parse(create, grants).map_err(|error| unread("SHOW CREATE USER", error))?;
        let mut read = Grants::parse(session.known, grants).map_err(|error| unread("SHOW GRANTS", error))?;
        forget_what_is_gone(session, &mut read).await?;
        Ok(Self { account, grants: read, settings })
    }

    /// The one way in which the account signs in, if it is by a password that this function can set and use.
    ///
    /// # Errors
    /// Refuses any other, by its name.
    pub(super) fn method(&self, dialect: Dialect) -> Result<&str, Refusal> {
        let (all, usable): (_, &[&str]) = match dialect {
            Dialect::MySql => (&self.settings.methods, &MYSQL_METHODS),
            Dialect::MariaDb => (&self.settings.methods, &MARIADB_METHODS),
        };
        match all.as_slice() {
            [method] if usable.contains(&method.as_str()) => Ok(method),
            _ => Err(Refusal::Database {
                what: format!("{} signs in by {}", self.account, all.join(" or ")),
                remedy: format!("give it one way to sign in, of these: {}", usable.join(", ")),
            }),
        }
    }

    /// Everything of the account, but its name and password.
    pub(super) fn lines(&self) -> BTreeSet<String> {
        self.grants.lines().into_iter().chain(self.settings.lines()).collect()
    }
}
