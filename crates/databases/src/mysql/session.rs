//! A signed-in user, and what it runs.

use std::net::IpAddr;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use rotation::ports::{
    AlternationOutcome, Change, Evidence, PairView, SuperuserSession, UserSession, Verification,
};
use rotation::{Alternation, CallError, OldPassword, Password, Refusal, SecretId, SetBy, Username, run_as};
use sha2::Sha256;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Executor, Row};
use zeroize::Zeroizing;

use super::account::Account;
use super::dialect::Dialect;
use super::errors::{self, Failure};
use super::grants::{self, Known};
use super::sign_in::Connector;
use super::tokens::Tokens;
use super::{alternation, other_hosts, password, prior_access, verify};
use crate::connect::within;
use crate::dial::Dialed;

/// See [`UserSession`] and [`SuperuserSession`].
pub(super) struct MySqlSession {
    connection: Dialed<MySqlConnection>,
    pub(super) connector: Connector,
    pub(super) dialect: Dialect,
    /// Which privileges the server has.
    pub(super) known: Known,
    /// The account that the server took this user for: names and hosts are patterns.
    pub(super) account: Account,
    /// What names of locks are made with: an HMAC under the password of this session.
    lock_key: Zeroizing<Vec<u8>>,
}

/// Sessions by their numbers.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Of the user that was asked for.
    pub(super) open: Vec<u64>,
    /// Of nobody yet.
    pub(super) signing_in: Vec<u64>,
}

/// A row of SHOW PROCESSLIST.
struct Process {
    id: u64,
    of: Option<String>,
    /// An address or its name, and a port.
    from: String,
    in_session: bool,
}

impl MySqlSession {
    /// Takes a new connection over: says how statements are to be read, and asks who answers and who is asking.
    ///
    /// Statements here escape by backslash and quote by backtick; what the server shows of accounts has to come in
    /// one form, and without control characters, whatever the server's variables and `init_connect` say: all rows of it
    /// (`sql_select_limit`, `sql_big_selects`), whenever it comes (`max_execution_time`). A lock on the grant
    /// tables is waited for 5 s; and where the network is gone, the server waits for us 10 s, and not the eight hours for which it
    /// would keep our lock.
    pub(super) async fn begin(
        connection: Dialed<MySqlConnection>,
        connector: Connector,
        password: &Password,
    ) -> Result<Self, Failure> {
        let mut session = Self {
            connection,
            connector,
            dialect: Dialect::MySql,
            known: Known::MYSQL,
            account: Account::at("", ""),
            lock_key: keyed(password.expose().as_bytes(), b"lock"),
        };
        // One message. Not DEFAULT, which means the server's own variable. What stands in such a comment only MariaDB reads, and
        // only from that version on (MariaDB documentation, "Comment Syntax"): the version's text can be set to anything.
        // There, lock_wait_timeout does not end every wait. Accounts and their passwords are written whatever init_connect says
        // of transactions.
        let who = "SET SESSION sql_mode = '', sql_select_limit = 18446744073709551615, sql_big_selects = 1, \
            sql_quote_show_create = 1, lock_wait_timeout = 5, wait_timeout = 10 \
            /*M!, max_statement_time = 15, max_session_mem_used = 9223372036854775807 */; \
            SET SESSION TRANSACTION READ WRITE; \
            SELECT CONCAT(0 /*M! + 1 */, 0 /*M!110300 + 1 */, CURRENT_USER())";
        let who = session.rows(who).await?.concat();
        let (product, account) = who.split_at_checked(2).unwrap_or_default();
        let (user, host) = account.rsplit_once('@').unwrap_or_default();
        session.account = Account::at(user, host);
        if product.starts_with('1') {
            session.dialect = Dialect::MariaDb;
            session.known = Known { dialect: Dialect::MariaDb, show_create_routine: product == "11" };
        } else {
            session.run("SET SESSION print_identified_with_as_hex = ON, max_execution_time = 0").await?;
        }
        Ok(session)
    }

    /// Runs a statement. What it is made of has gone through `identifier` or `text`.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Failure> {
        let statement = AssertSqlSafe(statement.to_owned());
        let answer = self.connection.driver.execute(sqlx::raw_sql(statement)).await;
        answer.map(|_| ()).map_err(|error| Failure::of(&self.connector.server.endpoint, &error))
    }

    /// The first column of every row of a query, as text.
    pub(super) async fn rows(&mut self, query: &str) -> Result<Vec<String>, Failure> {
        let rows = self.fetch(query).await?;
        let failed = |error| Failure::of(&self.connector.server.endpoint, &error);
        let first = |row: &MySqlRow| row.try_get_unchecked::<Option<String>, _>(0);
        rows.iter().map(|row| Ok(first(row).map_err(failed)?.unwrap_or_default())).collect()
    }

    /// `init_connect` can say that queries run in a secondary engine only, which has no table of accounts. That is taken back
    /// where it shows: not every server has the variable.
    async fn fetch(&mut self, query: &str) -> Result<Vec<MySqlRow>, Failure> {
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
        let rows = self.connection.driver.fetch_all(query).await;
        rows.map_err(|error| Failure::of(&self.connector.server.endpoint, &error))
    }

    /// Waits for its turn: two rotations of one user would grant and revoke against each other. Held until the
    /// session ends, through the implicit commits of ALTER USER and GRANT.
    ///
    /// Anybody may take a lock of any name, so this one cannot be guessed.
    pub(super) async fn lock(&mut self, user: &Username) -> Result<(), CallError> {
        let name = keyed(&self.lock_key, user.0.as_bytes());
        // A name may have 64 characters.
        let name: String = name.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        let got = self.rows(&format!("SELECT GET_LOCK('rotate:{name}', 15)")).await?;
        if got.concat() == "1" {
            return Ok(());
        }
        let answer =
            format!("{} did not give the lock of {user} within 15 s", self.connector.server.endpoint);
        Err(CallError::failed(rotation::Cause::LockTimeout, answer))
    }

    /// The sessions of a user, and the sign-ins that may become one. Those of others take PROCESS.
    pub(super) async fn sessions_of(&mut self, user: &str) -> Result<Sessions, Failure> {
        let mut sessions = Sessions::default();
        for Process { id, of, in_session, .. } in self.processes().await? {
            match of.as_deref() {
                Some(of) if of == user && in_session => sessions.open.push(id),
                Some(of) if of == user || of == "unauthenticated user" => sessions.signing_in.push(id),
                Some(_) | None => {}
            }
        }
        Ok(sessions)
    }

    /// The addresses from which a user has sessions, as far as this one sees them, but those that have a name.
    pub(super) async fn addresses_of(&mut self, user: &str) -> Result<Vec<IpAddr>, Failure> {
        let processes = self.processes().await?.into_iter();
        let sessions = processes.filter(|process| process.in_session && process.of.as_deref() == Some(user));
        Ok(sessions.filter_map(|Process { from, .. }| from.rsplit_once(':')?.0.parse().ok()).collect())
    }

    async fn processes(&mut self) -> Result<Vec<Process>, Failure> {
        let rows = self.fetch("SHOW PROCESSLIST").await?;
        let failed = |error| Failure::of(&self.connector.server.endpoint, &error);
        let mut processes = Vec::new();
        for row in &rows {
            let column = |index| row.try_get_unchecked::<Option<String>, usize>(index).map_err(failed);
            let (id, of, from, command) = (column(0)?, column(1)?, column(2)?, column(4)?);
            let Some(Ok(id)) = id.map(|id| id.parse()) else { continue };
            // MariaDB shows the name that was given before it is proven.
            let in_session = command.as_deref() != Some("Connect");
            processes.push(Process { id, of, from: from.unwrap_or_default(), in_session });
        }
        Ok(processes)
    }

    /// Ends the session.
    pub(super) async fn end(self) {
        self.connection.close().await;
    }

    /// The time limit around `work`.
    pub(super) async fn bounded<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (limit, endpoint) = (self.connector.limits.transaction, self.connector.server.endpoint.clone());
        within(limit, &endpoint, work(self)).await
    }

    /// Refuses where the server took the user for another account, such as an anonymous one.
    pub(super) async fn check_is(&mut self, user: &Username) -> Result<(), CallError> {
        if self.account.user == user.0 {
            return Ok(());
        }
        let (endpoint, acts_as) = (&self.connector.server.endpoint, self.account.clone());
        let what = format!("{endpoint} signs {user} in as {acts_as}, another account");
        // A server of MySQL that maps users (check_proxy_users); any user may grant PROXY on itself.
        let proxy = self.rows("SELECT IFNULL(@@proxy_user, '')").await?.concat();
        let Ok(proxy) = grants::account(&mut Tokens::of(&proxy)) else {
            let remedy =
                format!("drop that account, or give {user} one for the host that this function comes from");
            return Err(Refusal::Database { what, remedy }.into());
        };
        let revoke = format!("REVOKE PROXY ON {acts_as} FROM {proxy}");
        Err(Refusal::Database {
            what: format!("{what}, by PROXY"),
            remedy: run_as(&prior_access::who_revokes_proxies(&acts_as), &[revoke]),
        }
        .into())
    }
}

/// HMAC-SHA-256.
fn keyed(key: &[u8], text: &[u8]) -> Zeroizing<Vec<u8>> {
    // A key of any length will do.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text).finalize());
    Zeroizing::new(mac.map(|mac| mac.into_bytes().to_vec()).unwrap_or_default())
}

#[async_trait]
impl UserSession for MySqlSession {
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        self.bounded(async |session| {
            session.check_is(user).await?;
            match (other_hosts::seen(session, used).await, old) {
                (None, _) => {
                    password::change_own(session, user, used, next, old).await?;
                    Ok(Change::Made)
                }
                (Some(seen), OldPassword::Discard) => Ok(Change::NotAllowed(seen)),
                (Some(seen), OldPassword::Retain) => {
                    Err(other_hosts::refusal(&session.account, &seen).into())
                }
            }
        })
        .await
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.bounded(async |session| password::discard_own(session, old).await).await
    }

    /// Nobody owns objects on MySQL. Everything else only the superuser can see.
    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
    ) -> Result<PairView, CallError> {
        let user =
            if self.account.user == alternation.clone.0 { &alternation.clone } else { &alternation.base };
        self.check_is(user).await?;
        Ok(PairView::default())
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        self.bounded(async |session| verify::verify(session, user, set_by).await).await
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.bounded(async |session| {
            // Aurora's readers say so in the second one.
            let answer = session.rows("SELECT @@global.read_only OR @@global.innodb_read_only").await?;
            Ok(answer.concat() == "1")
        })
        .await
    }

    async fn close(self: Box<Self>) {
        self.end().await;
    }
}

#[async_trait]
impl SuperuserSession for MySqlSession {
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.bounded(async |session| password::install(session, user, used, password).await).await
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.bounded(async |session| alternation::set_up(session, alternation, password, evidence).await)
            .await
    }

    async fn close(self: Box<Self>) {
        self.end().await;
    }
}
