//! A real PostgreSQL server: one per version that all tests of a process share, or a test's own.

#![expect(clippy::disallowed_methods, reason = "the tests connect as applications do")]

mod app;
mod log;
mod options;
mod quote;
mod server;

use std::{collections::HashMap, net::Ipv4Addr, path::PathBuf, sync::Mutex as StdMutex};

use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::sync::{Mutex, OnceCell};

use self::server::ServerProcess;
pub use self::{
    options::PostgresOptions,
    quote::{name, text},
};
use crate::relay_from::relay_from;
use crate::{App, Credentials, ServerLog, authority::Certificate};

/// A running server. It stops when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct Postgres {
    version: u16,
    server: ServerProcess,
    certificate: Certificate,
    admin: OnceCell<Credentials>,
    /// Databases that are no longer used.
    discarded: StdMutex<Vec<String>>,
}

impl Postgres {
    /// The server of this major version that all tests of the process share, started at its first use.
    pub async fn shared(version: u16) -> &'static Self {
        static SHARED: Mutex<Option<HashMap<u16, &'static Postgres>>> = Mutex::const_new(None);
        let mut shared = SHARED.lock().await;
        let servers = shared.get_or_insert_default();
        if let Some(server) = servers.get(&version) {
            return server;
        }
        let server = Box::leak(Box::new(Self::start(version, PostgresOptions::default()).await));
        servers.insert(version, server);
        server
    }

    /// Starts a server for the caller only.
    pub async fn start(version: u16, options: PostgresOptions<'_>) -> Self {
        let server = ServerProcess::start(version, &options).await;
        Self {
            version,
            server,
            certificate: options.certificate,
            admin: OnceCell::new(),
            discarded: StdMutex::default(),
        }
    }

    /// Starts a streaming replica, which applies the primary's changes after a delay, such as `3s`.
    ///
    /// Both begin as copies of one folder of a server that was shut down: no backup is needed.
    pub async fn replica_of(primary: &Self, delay: &str) -> Self {
        let source = format!(
            "host=127.0.0.1 port={} user=postgres password={} sslmode=require",
            primary.port(),
            primary.server.root_password
        );
        let settings = [("primary_conninfo", source.as_str()), ("recovery_min_apply_delay", delay)];
        let options = PostgresOptions { settings: &settings, is_standby: true, ..PostgresOptions::default() };
        Self::start(primary.version, options).await
    }

    /// Waits until this replica has applied all changes of the primary so far.
    pub async fn caught_up_with(&self, primary: &Self) {
        let done = primary.values("postgres", "SELECT pg_current_wal_lsn()").await.concat();
        let applied = format!("SELECT pg_last_wal_replay_lsn() >= '{done}'");
        while self.values("postgres", &applied).await != ["t"] {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Stops the server, which ends the sessions. Connections to its port are refused from then on.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts it again after a stop, and returns when it accepts connections.
    pub async fn start_again(&self) {
        self.server.start_again().await;
    }

    /// Starts it as a standby after a stop. With `hot_standby = off` it rejects all connections, as a server that is starting
    /// up does. The next start is an ordinary one.
    pub async fn start_as_standby(&self) {
        self.server.start_as_standby().await;
    }

    /// The major version, such as 18.
    #[must_use]
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The name that the good certificate is for. `127.0.0.1` is the same server, under the same certificate.
    #[must_use]
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The certificate of the authority that clients trust, for `DATABASE_CA_FILE`.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.server.folder().join("authority.pem")
    }

    /// The folder that holds the server's files. It is removed when the server has ended.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.server.folder().to_owned()
    }

    /// The server's log from here on.
    #[must_use]
    pub fn log(&self) -> ServerLog {
        ServerLog::from_now(self.server.folder().join("log"), log::sign_ins)
    }

    /// The server's log from its start.
    #[must_use]
    pub fn whole_log(&self) -> ServerLog {
        ServerLog::from_the_start(self.server.folder().join("log"), log::sign_ins)
    }

    /// The user `postgres`, which may do everything.
    #[must_use]
    pub fn root(&self) -> Credentials {
        Credentials { user: "postgres".to_owned(), password: self.server.root_password.clone() }
    }

    /// A superuser shaped like RDS's master user: LOGIN CREATEROLE CREATEDB, and not a superuser to PostgreSQL.
    pub async fn admin(&self) -> &Credentials {
        let create = async || {
            let admin = Credentials::new("master");
            self.execute("postgres", "CREATE ROLE master LOGIN CREATEROLE CREATEDB").await;
            self.set_password(&admin).await;
            admin
        };
        self.admin.get_or_init(create).await
    }

    /// Sets a password as root, which the server's log does not show.
    pub async fn set_password(&self, of: &Credentials) {
        let statement = format!("ALTER ROLE {} PASSWORD {}", name(&of.user), text(&of.password));
        self.execute("postgres", &statement).await;
    }

    /// A secret's value for these credentials on this server, with the keys that AWS's rotation functions know.
    #[must_use]
    pub fn secret(&self, of: &Credentials, dbname: &str) -> Value {
        json!({
            "engine": "postgres", "host": self.host(), "port": self.port(),
            "username": of.user, "password": of.password, "dbname": dbname,
        })
    }

    /// Signs in as an application would: over verified TLS, or in cleartext if the server has no TLS.
    ///
    /// # Errors
    /// Why the user cannot sign in.
    pub async fn sign_in(&self, as_user: &Credentials, database: &str) -> Result<PgConnection, sqlx::Error> {
        self.options(as_user, database, PgSslMode::VerifyFull).connect().await
    }

    /// The same as a client that calls itself `application`, from `address`, such as 127.0.0.2, which `pg_hba.conf` has to allow.
    ///
    /// # Errors
    /// Why the user cannot sign in.
    pub async fn sign_in_from(
        &self,
        address: Ipv4Addr,
        application: &str,
        as_user: &Credentials,
        database: &str,
    ) -> Result<PgConnection, sqlx::Error> {
        let port = relay_from(address, self.port()).await;
        let options = self.options(as_user, database, PgSslMode::VerifyFull);
        options.port(port).application_name(application).connect().await
    }

    /// Whether the server accepts these credentials. Panics on any other error, such as no connection.
    pub async fn signs_in(&self, as_user: &Credentials, database: &str) -> bool {
        match self.sign_in(as_user, database).await {
            Ok(_) => true,
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code.starts_with("28")) => {
                false
            }
            Err(error) => panic!("cannot tell whether {} signs in: {error}", as_user.user),
        }
    }

    /// Drops the application's database when the next one is created: 1,000 databases would fill a small disk.
    pub(crate) fn discard(&self, app: &App) {
        self.discarded.lock().expect("no holder panics").push(app.database.clone());
    }

    /// Runs statements as root, which the server's log does not show.
    pub async fn execute(&self, database: &str, sql: &str) {
        self.values(database, sql).await;
    }

    /// The first column of every row of a query as root, as text; NULL is empty.
    pub async fn values(&self, database: &str, sql: &str) -> Vec<String> {
        let mut root = self.set_up_as(&self.root(), database).await.expect("root signs in");
        run(&mut root, sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// Signs in with any certificate, because servers with a bad one are set up as well.
    async fn set_up_as(&self, user: &Credentials, database: &str) -> Result<PgConnection, sqlx::Error> {
        let mut options = self.options(user, database, PgSslMode::Require);
        if *user == self.root() {
            // Tests search the log for passwords of the functions, so it must not have those of the testbed.
            options = options.options([("log_statement", "none")]);
        }
        options.connect().await
    }

    fn options(&self, user: &Credentials, database: &str, mode: PgSslMode) -> PgConnectOptions {
        let mode = if self.certificate == Certificate::None { PgSslMode::Disable } else { mode };
        PgConnectOptions::new_without_pgpass()
            .host(self.host())
            .port(self.port())
            .username(&user.user)
            .password(&user.password)
            .database(database)
            .ssl_mode(mode)
            .ssl_root_cert(self.ca_file())
            .application_name("testbed")
            .disable_statement_logging()
    }
}

/// Runs statements, and returns the first column of every row as text. NULL is empty.
///
/// # Errors
/// The server's error at the first statement that fails.
pub async fn run(connection: &mut PgConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await?;
    // The simple protocol returns every type as text.
    let first = |row: &sqlx::postgres::PgRow| {
        row.try_get_raw(0).map(|value| value.as_str().unwrap_or_default().to_owned())
    };
    rows.iter().filter(|row| !row.is_empty()).map(first).collect()
}
