//! An account as the server shows it: its rights and its properties.

use std::collections::BTreeSet;

use rotation::{CallError, Cause, Refusal};

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::dropped_objects::{self, Reader};
use super::grant_tables::StoredAccount;
use super::grants::{Grants, Object};
use super::properties::Properties;
use super::superuser::Superuser;
use super::tokens::ParseError;

/// The authentication plugins that the driver has, and whose password the server stores.
const MYSQL_METHODS: [&str; 3] = ["caching_sha2_password", "sha256_password", "mysql_native_password"];
/// The driver has neither ed25519 nor parsec.
const MARIADB_METHODS: [&str; 1] = ["mysql_native_password"];

/// What an account may do, and its properties.
#[derive(Clone, Debug)]
pub(super) struct AccountState {
    pub(super) account: Account,
    pub(super) grants: Grants,
    pub(super) properties: Properties,
    /// The objects that it has rights on and that the reader cannot see.
    pub(super) unseen: BTreeSet<Object>,
}

/// The authentication plugin of an account, if it is one whose password this crate can set and use. `other` is another user's
/// account; `None` means the session's own. Rights are not read, so no unknown form of theirs causes an error.
///
/// # Errors
/// Refuses every other plugin, by its name.
pub(super) async fn method(
    connection: &mut Connection,
    other: Option<&StoredAccount>,
) -> Result<String, CallError> {
    let account = other.map_or_else(|| connection.account.clone(), |stored| stored.account.clone());
    let create = connection.rows(&show_create(connection.dialect, other)).await?.concat();
    let properties =
        Properties::parse(&create, &[]).map_err(|error| unknown_form("SHOW CREATE USER", &account, error))?;
    Ok(properties.method(&account, connection.dialect)?.to_owned())
}

fn show_create(dialect: Dialect, other: Option<&StoredAccount>) -> String {
    match (other, dialect) {
        (Some(stored), _) => format!("SHOW CREATE USER {}", stored.account),
        (None, Dialect::MySql) => "SHOW CREATE USER CURRENT_USER()".to_owned(),
        (None, Dialect::MariaDb) => "SHOW CREATE USER".to_owned(),
    }
}

fn unknown_form(shown: &str, account: &Account, error: ParseError) -> CallError {
    let what = format!("{shown} of {account} is in a form that this function does not know ({error})");
    CallError::failed(Cause::QueryFailed, what)
}

impl AccountState {
    /// Reads the account of the session's own user.
    ///
    /// # Errors
    /// Also if a form is unknown: a right that is overlooked would be lost.
    pub(super) async fn read_own(connection: &mut Connection) -> Result<Self, CallError> {
        Self::read_as(connection, None, Reader::Itself).await
    }

    /// Reads another user's account.
    ///
    /// # Errors
    /// As [`Self::read_own`].
    pub(super) async fn read(
        connection: &mut Connection,
        stored: &StoredAccount,
        superuser: &Superuser,
    ) -> Result<Self, CallError> {
        Self::read_as(connection, Some(stored), Reader::Superuser(superuser)).await
    }

    /// Reads another user's account by its name.
    ///
    /// # Errors
    /// As [`Self::read_own`]; also if the account no longer exists.
    pub(super) async fn read_by_name(
        connection: &mut Connection,
        account: &Account,
        superuser: &Superuser,
    ) -> Result<Self, CallError> {
        let all = StoredAccount::of(connection, &account.user).await?;
        let Some(stored) = all.iter().find(|stored| stored.account == *account) else {
            return Err(CallError::failed(Cause::QueryFailed, format!("{account} no longer exists")));
        };
        Self::read(connection, stored, superuser).await
    }

    async fn read_as(
        connection: &mut Connection,
        other: Option<&StoredAccount>,
        reader: Reader<'_>,
    ) -> Result<Self, CallError> {
        let account = other.map_or_else(|| connection.account.clone(), |stored| stored.account.clone());
        // Without FOR, the rights of active roles would be among them.
        let show = match other {
            None => "SHOW GRANTS FOR CURRENT_USER()".to_owned(),
            Some(_) => format!("SHOW GRANTS FOR {account}"),
        };
        let rows = connection.rows(&show).await?;
        let create = connection.rows(&show_create(connection.dialect, other)).await?.concat();
        let mut properties = Properties::parse(&create, &rows)
            .map_err(|error| unknown_form("SHOW CREATE USER", &account, error))?;
        let mut grants = Grants::parse(connection.known, &rows)
            .map_err(|error| unknown_form("SHOW GRANTS", &account, error))?;
        // A user's view of its own account is only compared with another user's, printed by the same server.
        if let Some(stored) = other {
            properties.require = stored.require.clone();
            grants.restrict_grant_option(&stored.grant_option_restricted_on);
        }
        let unseen = dropped_objects::remove_dropped(connection, &mut grants, reader).await?;
        Ok(Self { account, grants, properties, unseen })
    }

    /// The authentication plugin of the account.
    ///
    /// # Errors
    /// As [`method`].
    pub(super) fn method(&self, dialect: Dialect) -> Result<&str, Refusal> {
        self.properties.method(&self.account, dialect)
    }

    /// A line for each right and property, without the account's name and password.
    pub(super) fn lines(&self) -> BTreeSet<String> {
        self.grants.lines().into_iter().chain(self.properties.lines()).collect()
    }

    /// The same without the rights that any user can grant.
    pub(super) fn lines_without_user_grantable(&self) -> BTreeSet<String> {
        self.grants.without_user_grantable().lines().into_iter().chain(self.properties.lines()).collect()
    }
}

impl Properties {
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
