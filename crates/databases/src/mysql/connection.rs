//! A signed-in connection: how the server reads statements, what the server is, statements and locks.

use hmac::{Hmac, KeyInit, Mac};
use rotation::{CallError, Cause, Password, Username};
use sha2::Sha256;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Executor, Row};
use zeroize::Zeroizing;

use super::account::Account;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::grants::{DatabaseNames, Known};
use crate::dial::{Connector, RelayedConnection};
use crate::limits::within;

/// A signed-in user's connection.
pub(super) struct Connection {
    relayed: RelayedConnection<MySqlConnection>,
    /// How to open another connection to the same server.
    pub(super) connector: Connector,
    pub(super) dialect: Dialect,
    /// Which privileges the server has.
    pub(super) known: Known,
    /// The account by which the server let the user in: names and hosts of accounts are patterns.
    pub(super) account: Account,
    /// Whether [`super::superuser::activate_roles`] has run.
    pub(super) has_active_roles: bool,
    /// The key of the HMAC that names locks: derived from the password of this session.
    lock_key: Zeroizing<Vec<u8>>,
}

impl Connection {
    /// Sets up a new connection, and asks which product the server is and by which account the user is signed in.
    ///
    /// Statements here escape by backslash and quote by backtick. What the server shows of accounts has to come in one form and
    /// without control characters, whatever the server's variables and `init_connect` say: with all rows (`sql_select_limit`,
    /// `sql_big_selects`), and however long it takes (`max_execution_time`). A lock on the grant tables is waited for 5 s. If the
    /// network fails, the server waits 10 s for this client and not eight hours, for which it would keep our lock.
    pub(super) async fn begin(
        relayed: RelayedConnection<MySqlConnection>,
        connector: Connector,
        password: &Password,
    ) -> Result<Self, Failure> {
        let mut connection = Self {
            relayed,
            connector,
            dialect: Dialect::MySql,
            known: Known::MYSQL,
            account: Account::at("", ""),
            has_active_roles: false,
            lock_key: hmac_sha_256(password.expose().as_bytes(), b"lock"),
        };
        // One message. Not DEFAULT, which means the server's own variable. What stands in a comment with `M!` only MariaDB reads,
        // and only from that version on; what stands in one of a version from 50700 to 99999 only MySQL (MariaDB documentation,
        // "Comment Syntax"): the version's text can be set to anything.
        // There, lock_wait_timeout does not end every wait. READ WRITE, because init_connect may have made transactions
        // read-only.
        // There, too, GRANT makes an account that somebody has dropped, without a password (tried: 11.8.9, 10.11.18), unless the mode
        // says otherwise; MySQL knows no such mode.
        let set_up = "SET SESSION sql_mode = CONCAT('' /*M!, 'NO_AUTO_CREATE_USER' */), \
            sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_quote_show_create = 1, lock_wait_timeout = 5, \
            wait_timeout = 10 /*M!, max_statement_time = 15, max_session_mem_used = 9223372036854775807 */ \
            /*!50700 , max_execution_time = 0, print_identified_with_as_hex = ON */; \
            SET SESSION TRANSACTION READ WRITE; \
            SELECT CONCAT(0 /*M! + 1 */, 0 /*M!110300 + 1 */, CURRENT_USER())";
        let row = connection.rows(set_up).await?.concat();
        let (product, account) = row.split_at_checked(2).unwrap_or_default();
        let (user, host) = account.rsplit_once('@').unwrap_or_default();
        connection.account = Account::at(user, host);
        if product.starts_with('1') {
            connection.dialect = Dialect::MariaDb;
            connection.known = Known { dialect: Dialect::MariaDb, show_create_routine: product == "11" };
        }
        Ok(connection)
    }

    /// Runs a statement. Its names and texts have gone through [`super::quoting`].
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Failure> {
        let statement = AssertSqlSafe(statement.to_owned());
        let done = self.relayed.driver.execute(sqlx::raw_sql(statement)).await;
        done.map(|_| ()).map_err(|error| self.failure(&error))
    }

    /// The first column of every row of a query, as text.
    pub(super) async fn rows(&mut self, query: &str) -> Result<Vec<String>, Failure> {
        let rows = self.fetch(query).await?;
        rows.iter().map(|row| Ok(self.column(row, 0)?.unwrap_or_default())).collect()
    }

    /// `init_connect` can say that queries run in a secondary engine only, which has no table of accounts. That is undone only
    /// after such an error, because not every server has the variable.
    pub(super) async fn fetch(&mut self, query: &str) -> Result<Vec<MySqlRow>, Failure> {
        match self.fetch_once(query).await {
            Err(failure) if failure.code == Some(errors::SECONDARY_ENGINE_ONLY) => {
                self.run("SET SESSION use_secondary_engine = OFF").await?;
                self.fetch_once(query).await
            }
            rows => rows,
        }
    }

    async fn fetch_once(&mut self, query: &str) -> Result<Vec<MySqlRow>, Failure> {
        let query = sqlx::raw_sql(AssertSqlSafe(query.to_owned()));
        let rows = self.relayed.driver.fetch_all(query).await;
        rows.map_err(|error| self.failure(&error))
    }

    /// A column of a row, as text; `None` if it is NULL.
    pub(super) fn column(&self, row: &MySqlRow, index: usize) -> Result<Option<String>, Failure> {
        row.try_get_unchecked(index).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &sqlx::Error) -> Failure {
        Failure::of(&self.connector.server.endpoint, error)
    }

    /// Takes the lock of `user`, because two rotations of one user would grant and revoke against each other. It is held until the
    /// session ends, through the implicit commits of ALTER USER and GRANT.
    ///
    /// Any user can take a lock of any name, so this one has a name that cannot be guessed.
    pub(super) async fn lock(&mut self, user: &Username) -> Result<(), CallError> {
        let name = hmac_sha_256(&self.lock_key, user.0.as_bytes());
        // A name may have 64 characters.
        let name: String = name.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        let got = self.rows(&format!("SELECT GET_LOCK('rotate:{name}', 15)")).await?;
        if got.concat() == "1" {
            return Ok(());
        }
        let endpoint = &self.connector.server.endpoint;
        let what = format!("{endpoint} did not give the lock of {user} within 15 s");
        Err(CallError::failed(Cause::LockTimeout, what))
    }

    /// How the server reads the names of databases in privileges.
    pub(super) async fn database_names(&mut self) -> Result<DatabaseNames, Failure> {
        if self.dialect == Dialect::MariaDb {
            return Ok(DatabaseNames::Patterns);
        }
        let partial = self.rows("SELECT @@global.partial_revokes").await?.concat();
        Ok(if partial == "1" { DatabaseNames::Literal } else { DatabaseNames::Patterns })
    }

    /// Whether the server is a replica. Aurora's readers say so by the second variable.
    pub(super) async fn is_replica(&mut self) -> Result<bool, Failure> {
        let row = self.rows("SELECT @@global.read_only OR @@global.innodb_read_only").await?;
        Ok(row.concat() == "1")
    }

    /// Runs `work` within the time limit of a transaction.
    pub(super) async fn within_limit<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (limit, endpoint) = (self.connector.limits.transaction, self.connector.server.endpoint.clone());
        within(limit, &endpoint, work(self)).await
    }

    /// Closes the session.
    pub(super) async fn close(self) {
        self.relayed.close().await;
    }
}

fn hmac_sha_256(key: &[u8], text: &[u8]) -> Zeroizing<Vec<u8>> {
    // HMAC accepts a key of any length, so this never falls back to the empty default.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text).finalize());
    Zeroizing::new(mac.map(|mac| mac.into_bytes().to_vec()).unwrap_or_default())
}
