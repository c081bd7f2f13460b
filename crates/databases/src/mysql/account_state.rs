//! An account as the server shows it.

use std::collections::BTreeSet;

use rotation::{CallError, Cause, Refusal};

use super::account::Account;
use super::dialect::Dialect;
use super::errors::Failure;
use super::gone;
use super::grants::{Grants, Names, Object};
use super::session::MySqlSession;
use super::settings::Settings;
use super::stored::Stored;
use super::superuser::Superuser;
use super::tokens::Unread;

/// The ways to sign in by password that the driver has, and whose password the server keeps.
const MYSQL_METHODS: [&str; 3] = ["caching_sha2_password", "sha256_password", "mysql_native_password"];
/// The driver has neither ed25519 nor parsec.
const MARIADB_METHODS: [&str; 1] = ["mysql_native_password"];

/// What an account may do, and what it is held to.
#[derive(Clone, Debug)]
pub(super) struct AccountState {
    pub(super) account: Account,
    pub(super) grants: Grants,
    pub(super) settings: Settings,
    /// What it holds rights on, and the reader cannot see.
    pub(super) unseen: BTreeSet<Object>,
}

/// Whose account is shown. Others' need SELECT on the schema `mysql`, and are known from there; what they hold is on objects
/// that a superuser with these rights may not see.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    Own,
    Of(&'a Stored, &'a Superuser),
}

/// How the server reads the names of databases in rights.
pub(super) async fn names(session: &mut MySqlSession) -> Result<Names, Failure> {
    if session.dialect == Dialect::MariaDb {
        return Ok(Names::Patterns);
    }
    let partial = session.rows("SELECT @@global.partial_revokes").await?.concat();
    Ok(if partial == "1" { Names::Literal } else { Names::Patterns })
}

/// The one way in which an account signs in, if it is by a password that this function can set and use. Its rights are not
/// asked for, so that no form of theirs is in the way.
///
/// # Errors
/// Refuses any other, by its name.
pub(super) async fn method(session: &mut MySqlSession, other: Option<&Stored>) -> Result<String, CallError> {
    let account = other.map_or_else(|| session.account.clone(), |stored| stored.account.clone());
    let create = session.rows(&show_create(session.dialect, other)).await?.concat();
    let settings =
        Settings::parse(&create, &[]).map_err(|error| unread("SHOW CREATE USER", &account, error))?;
    Ok(settings.method(&account, session.dialect)?.to_owned())
}

fn show_create(dialect: Dialect, other: Option<&Stored>) -> String {
    match (other, dialect) {
        (Some(stored), _) => format!("SHOW CREATE USER {}", stored.account),
        (None, Dialect::MySql) => "SHOW CREATE USER CURRENT_USER()".to_owned(),
        (None, Dialect::MariaDb) => "SHOW CREATE USER".to_owned(),
    }
}

fn unread(shown: &str, account: &Account, unread: Unread) -> CallError {
    let answer = format!("{shown} of {account} is in a form that this function does not know ({unread})");
    CallError::failed(Cause::QueryFailed, answer)
}

impl AccountState {
    /// Reads an account.
    ///
    /// # Errors
    /// Also where a form is unknown: to overlook a right would be to lose it.
    pub(super) async fn read(session: &mut MySqlSession, whose: Whose<'_>) -> Result<Self, CallError> {
        let (account, other) = match whose {
            Whose::Own => (session.account.clone(), None),
            Whose::Of(stored, _) => (stored.account.clone(), Some(stored)),
        };
        // Without FOR, the rights of active roles would be among them.
        let show = match other {
            None => "SHOW GRANTS FOR CURRENT_USER()".to_owned(),
            Some(_) => format!("SHOW GRANTS FOR {account}"),
        };
        let rows = session.rows(&show).await?;
        let create = session.rows(&show_create(session.dialect, other)).await?.concat();
        let mut settings =
            Settings::parse(&create, &rows).map_err(|error| unread("SHOW CREATE USER", &account, error))?;
        let mut grants =
            Grants::parse(session.known, &rows).map_err(|error| unread("SHOW GRANTS", &account, error))?;
        // What a user sees of itself is only compared with what another sees, printed by the same server.
        if let Some(stored) = other {
            settings.require = stored.require.clone();
            grants.restrict_grant_option(&stored.grant_option_restricted_on);
        }
        let unseen = gone::forget(session, &mut grants, whose).await?;
        Ok(Self { account, grants, settings, unseen })
    }

    /// Reads another's account by its name.
    ///
    /// # Errors
    /// As [`Self::read`]; an account that is gone by now is an error.
    pub(super) async fn of(
        session: &mut MySqlSession,
        account: &Account,
        superuser: &Superuser,
    ) -> Result<Self, CallError> {
        let all = Stored::of(session, &account.user).await?;
        let Some(stored) = all.iter().find(|stored| stored.account == *account) else {
            return Err(CallError::failed(Cause::QueryFailed, format!("{account} is gone")));
        };
        Self::read(session, Whose::Of(stored, superuser)).await
    }

    /// The one way in which the account signs in.
    ///
    /// # Errors
    /// As [`method`].
    pub(super) fn method(&self, dialect: Dialect) -> Result<&str, Refusal> {
        self.settings.method(&self.account, dialect)
    }

    /// The same without what any user may give it.
    pub(super) fn lines_without_gifts(&self) -> BTreeSet<String> {
        self.grants.without_gifts().lines().into_iter().chain(self.settings.lines()).collect()
    }

    /// Everything of the account, but its name and password.
    pub(super) fn lines(&self) -> BTreeSet<String> {
        self.grants.lines().into_iter().chain(self.settings.lines()).collect()
    }
}

impl Settings {
    fn method(&self, account: &Account, dialect: Dialect) -> Result<&str, Refusal> {
        let usable: &[&str] = match dialect {
            Dialect::MySql => &MYSQL_METHODS,
            Dialect::MariaDb => &MARIADB_METHODS,
        };
        match self.methods.as_slice() {
            [method] if usable.contains(&method.as_str()) => Ok(method),
            all => Err(Refusal::Database {
                what: format!("{account} signs in by {}", all.join(" or ")),
                remedy: format!("give it one way to sign in, of these: {}", usable.join(", ")),
            }),
        }
    }
}
