//! A signed-in user, and the transactions that it runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Evidence, PairView, SuperuserSession, UserSession, Verification,
};
use rotation::{Alternation, CallError, Cause, Endpoint, OldPassword, Password, SecretId, SetBy, Username};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres};
use zeroize::Zeroizing;

use super::admin::{self, Right};
use super::begin::{Access, begin};
use super::clone_check::{self, UserPair, identifier};
use super::connection::Challenge;
use super::query::{self, text};
use super::reassign_owned::OwnedByClone;
use super::verifier::{self, Method};
use super::{alternation, errors, owned_objects, verify};
use crate::connect::{Limits, not_understood, within};
use crate::dial::Dialed;
use crate::tls::TrustAnchors;

/// See [`UserSession`] and [`SuperuserSession`].
///
/// A session changes nothing outside a transaction, not even a setting: behind a pooler the next client
/// would inherit it.
pub(super) struct PostgresSession {
    connection: Dialed<PgConnection>,
    challenge: Challenge,
    endpoint: Endpoint,
    trusted: TrustAnchors,
    limits: Limits,
    /// Somebody else holds the lock of the user that this session changes.
    waited_in_vain: bool,
    scram: ScramUsers,
}

/// The application's users whose last sign-in was by SCRAM-SHA-256, on whatever server: a step signs in as the application
/// before it does as the superuser, so that this is what the step itself has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct ScramUsers(Arc<Mutex<BTreeSet<String>>>);

impl ScramUsers {
    pub(super) fn signed_in(&self, user: &Username, by_scram: bool) {
        if by_scram {
            self.users().insert(user.0.clone());
        } else {
            self.users().remove(&user.0);
        }
    }

    fn hold(&self, user: &Username) -> bool {
        self.users().contains(&user.0)
    }

    fn users(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long another transaction about the same user is waited for, in all 2 s.
const LOCK_TRIES: usize = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How often a change is run that meets another one, and the longest pause between: ten at once came through.
const CHANGE_TRIES: usize = 12;
const CHANGE_PAUSE: Duration = Duration::from_millis(250);

impl PostgresSession {
    pub(super) fn new(
        connection: Dialed<PgConnection>,
        challenge: Challenge,
        endpoint: Endpoint,
        trusted: TrustAnchors,
        limits: Limits,
    ) -> Self {
        let scram = ScramUsers::default();
        Self { connection, challenge, endpoint, trusted, limits, waited_in_vain: false, scram }
    }

    pub(super) fn came_by_scram(&self) -> bool {
        self.challenge == Challenge::ScramSha256
    }

    /// By `pg_hba.conf` a superuser may come in by md5, and the users whose passwords it sets by SCRAM-SHA-256 only.
    pub(super) fn store_for(&mut self, users: &ScramUsers) {
        self.scram = users.clone();
    }

    /// Opens a transaction that looks names up in `pg_catalog` only and gives up by itself on locks (2 s), on
    /// statements (15 s), and on us (10 s): where the network is gone, it would keep its locks for hours. In one message:
    /// settings that the role carries do not come in between.
    pub(super) async fn begin(&mut self, access: Access) -> Result<(), CallError> {
        self.begin_with(access, "", &[]).await.map(|_| ())
    }

    /// The same, with a query in the same message; answers its rows, after those of [`begin`].
    pub(super) async fn begin_with(
        &mut self,
        access: Access,
        query: &str,
        values: &[String],
    ) -> Result<Vec<PgRow>, CallError> {
        let begin = format!("{}; {}", begin(access, self.version()), query::with(query, values));
        let begun = sqlx::raw_sql(AssertSqlSafe(begin)).fetch_all(&mut self.connection.driver).await;
        begun.map_err(|error| errors::not_begun(&self.endpoint, &error))
    }

    /// Opens a transaction that changes roles, and says how the server wants passwords stored in it.
    ///
    /// It keeps two transactions about one user apart, at best: whoever may connect can take this lock too, and it is one in
    /// each database. So it is waited for 2 s, and then done without: see [`Self::changing`].
    pub(super) async fn begin_change(
        &mut self,
        access: Access,
        base: &Username,
    ) -> Result<Storage, CallError> {
        // The second setting is of version 16 and later; 4096 is what older ones do.
        let lock = "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) AS is_ours, \
            pg_catalog.current_setting('password_encryption') AS method, \
            coalesce(pg_catalog.current_setting('scram_iterations', true), '4096')::pg_catalog.int4 AS iterations";
        let key = [text(&format!("rotate:{base}"))];
        let mut tries = if self.waited_in_vain { 1 } else { LOCK_TRIES };
        let mut rows = self.begin_with(access, lock, &key).await?;
        loop {
            let row = rows.last().ok_or_else(|| self.nothing_answered())?;
            let is_ours: bool = self.get(row, "is_ours")?;
            tries -= 1;
            if is_ours || tries == 0 {
                self.waited_in_vain = !is_ours;
                let iterations: i32 = self.get(row, "iterations")?;
                return Ok(Storage {
                    method: self.get(row, "method")?,
                    iterations: iterations.unsigned_abs(),
                });
            }
            tokio::time::sleep(LOCK_PAUSE).await;
            rows = self.rows(lock, &key).await?;
        }
    }

    pub(super) async fn rollback(&mut self) -> Result<(), CallError> {
        self.execute("ROLLBACK").await
    }

    pub(super) async fn commit(&mut self) -> Result<(), CallError> {
        self.execute("COMMIT").await
    }

    pub(super) async fn execute(&mut self, statement: &'static str) -> Result<(), CallError> {
        let answer = sqlx::raw_sql(statement).execute(&mut self.connection.driver).await;
        answer.map(|_| ()).map_err(|error| errors::statement_failed(&self.endpoint, &error))
    }

    /// The first row; `values` as in [`query::with`].
    pub(super) async fn row(&mut self, query: &str, values: &[String]) -> Result<PgRow, CallError> {
        let first = self.rows(query, values).await?.into_iter().next();
        first.ok_or_else(|| self.nothing_answered())
    }

    pub(super) async fn rows(&mut self, query: &str, values: &[String]) -> Result<Vec<PgRow>, CallError> {
        let query = AssertSqlSafe(query::with(query, values));
        let answer = sqlx::raw_sql(query).fetch_all(&mut self.connection.driver).await;
        answer.map_err(|error| errors::statement_failed(&self.endpoint, &error))
    }

    /// A query without the row that it always has.
    pub(super) fn nothing_answered(&self) -> CallError {
        not_understood(&self.endpoint)
    }

    /// Reads a column of a row that a query of ours returned.
    pub(super) fn get<'r, T>(&self, row: &'r PgRow, column: &str) -> Result<T, CallError>
    where
        T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
    {
        use sqlx::Row as _;
        row.try_get(column).map_err(|error| errors::statement_failed(&self.endpoint, &error))
    }

    /// Lets the server write a statement: utility statements take no parameters, and only the server
    /// knows how it quotes. `template` holds `%I` for names and `%L` for values.
    pub(super) async fn quoted(
        &mut self,
        template: &str,
        arguments: &[&str],
    ) -> Result<Zeroizing<String>, CallError> {
        let values = [text(template), query::texts(arguments.iter().copied())];
        let row = self.row("SELECT pg_catalog.format($1, VARIADIC $2) AS statement", &values).await?;
        self.get(&row, "statement").map(Zeroizing::new)
    }

    /// Runs a statement that the server itself has written, see [`Self::quoted`].
    pub(super) async fn run(&mut self, template: &str, arguments: &[&str]) -> Result<(), CallError> {
        let statement = self.quoted(template, arguments).await?;
        let statement = AssertSqlSafe(statement.as_str().to_owned());
        let answer = sqlx::raw_sql(statement).execute(&mut self.connection.driver).await;
        answer.map(|_| ()).map_err(|error| errors::statement_failed(&self.endpoint, &error))
    }

    /// The server's version as a number, 160004 for 16.4; 0 where it has not said so.
    pub(super) fn version(&self) -> u32 {
        self.connection.driver.server_version_num().unwrap_or_default()
    }

    /// Whether this is version 16 or later, where memberships have options.
    pub(super) fn has_membership_options(&self) -> bool {
        self.version() >= 160_000
    }

    /// Writes a user's password as the verifier that this server wants: the one that `password_encryption` names, which a role
    /// and a database may set for themselves, unless this session, or the application's of `current`, has come in by
    /// SCRAM-SHA-256. `end` follows in the same message.
    pub(super) async fn set_password(
        &mut self,
        (user, current): (&Username, &Username),
        password: &Password,
        storage: &Storage,
        end: &str,
    ) -> Result<(), CallError> {
        let scram = Method::ScramSha256 { iterations: storage.iterations };
        let method = match self.challenge {
            Challenge::ScramSha256 => scram,
            Challenge::Md5 if self.scram.hold(current) => scram,
            Challenge::Md5 => Method::of(&storage.method, scram)?,
        };
        let verifier = verifier::verifier(method, user, password).await?;
        let set = format!("ALTER ROLE {} PASSWORD {}{end}", identifier(user), clone_check::text(&verifier));
        let set = sqlx::raw_sql(AssertSqlSafe(set));
        let answer = set.execute(&mut self.connection.driver).await;
        answer.map(|_| ()).map_err(|error| errors::password_not_taken(&self.endpoint, &error))
    }

    /// Runs a change again where it met another one, after a pause at random: PostgreSQL fails two changes of one role at once
    /// (XX000, "tuple concurrently updated", and the codes of what the other one has just made), rather than have one wait.
    async fn changing(&mut self, change: RoleChange<'_>) -> Result<AlternationOutcome, CallError> {
        self.transaction(async |session| {
            for _ in 1..CHANGE_TRIES {
                match change.run(session).await {
                    Err(error) if error.cause() == Some(Cause::ConcurrentChange) => {
                        session.rollback().await?;
                        tokio::time::sleep(CHANGE_PAUSE.mul_f32(rand::random())).await;
                    }
                    done => return done,
                }
            }
            change.run(session).await
        })
        .await
    }

    /// The time limit of a transaction around `work`.
    async fn transaction<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let (limit, endpoint) = (self.limits.transaction, self.endpoint.clone());
        within(limit, &endpoint, work(self)).await
    }
}

/// How a server wants passwords stored.
#[derive(Debug)]
pub(super) struct Storage {
    /// The setting `password_encryption`.
    method: String,
    /// Of SCRAM-SHA-256.
    iterations: u32,
}

/// A transaction that changes a role, and may be run again.
#[derive(Clone, Copy)]
enum RoleChange<'a> {
    OwnPassword(&'a Username, &'a Password),
    AnothersPassword(&'a Username, &'a Password),
    Alternation(&'a Alternation, &'a SecretId, &'a Password, &'a Evidence),
}

impl RoleChange<'_> {
    async fn run(self, session: &mut PostgresSession) -> Result<AlternationOutcome, CallError> {
        let (user, password) = match self {
            Self::Alternation(alternation, secret, password, evidence) => {
                return alternation::set_up(session, alternation, secret, password, evidence).await;
            }
            Self::OwnPassword(user, password) | Self::AnothersPassword(user, password) => (user, password),
        };
        const COMMIT: &str = "; COMMIT";
        if matches!(self, Self::OwnPassword(..)) {
            let storage = session.begin_change(Access::WriteAsItself, user).await?;
            session.set_password((user, user), password, &storage, COMMIT).await?;
        } else {
            let storage = session.begin_change(Access::WriteAsSuperuser, user).await?;
            let doubt = admin::check_admin(session, user, Right::Alter).await?;
            let set = session.set_password((user, user), password, &storage, COMMIT).await;
            set.map_err(|error| admin::refused_by_the_server(error, doubt))?;
        }
        Ok(AlternationOutcome::Done)
    }
}

#[async_trait]
impl UserSession for PostgresSession {
    /// A PostgreSQL user has one password: `old` is always replaced.
    async fn change_own_password(
        &mut self,
        user: &Username,
        _used: &Password,
        password: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        if old == OldPassword::Retain {
            return Err(errors::no_second_password());
        }
        match self.changing(RoleChange::OwnPassword(user, password)).await {
            Ok(_) => Ok(Change::Made),
            Err(CallError::Failed { cause: Cause::MissingPrivilege, answer }) => {
                Ok(Change::NotAllowed(answer))
            }
            Err(error) => Err(error),
        }
    }

    /// There is nothing after a change: a PostgreSQL user has one password.
    async fn finish_own_change(&mut self, _former: OldPassword) -> Result<(), CallError> {
        Ok(())
    }

    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError> {
        self.transaction(async |session| {
            session.begin(Access::Read).await?;
            let pair = UserPair::read(session, alternation, secret).await?;
            pair.warn_of_what_nobody_asked_for(alternation);
            let (databases, grants) = owned_objects::of_clone(session, alternation).await?;
            session.commit().await?;
            let objection = pair.objection(alternation).or(grants);
            let (trusted, limits) = (session.trusted.clone(), session.limits);
            let owned = OwnedByClone::if_any(databases, alternation, trusted, limits);
            Ok(PairView { owned, membership: pair.membership(alternation), objection })
        })
        .await
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        let verify = self.transaction(async |session| verify::verify(session, user, set_by).await);
        Ok(Verification { differences: verify.await?, comparison: None })
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.transaction(async |session| {
            session.begin(Access::Read).await?;
            let row = session.row("SELECT pg_catalog.pg_is_in_recovery() AS in_recovery", &[]).await?;
            let in_recovery = session.get(&row, "in_recovery")?;
            session.commit().await?;
            Ok(in_recovery)
        })
        .await
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}

#[async_trait]
impl SuperuserSession for PostgresSession {
    async fn install_password(
        &mut self,
        user: &Username,
        _used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.changing(RoleChange::AnothersPassword(user, password)).await.map(|_| ())
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.changing(RoleChange::Alternation(alternation, secret, password, evidence)).await
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}
