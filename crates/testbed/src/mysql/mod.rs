//! A real MySQL or MariaDB server: one per version that all tests of a process share, or a test's own.

#![expect(clippy::disallowed_methods, reason = "the tests connect as applications do")]

mod account;
mod from;
mod log;
mod options;
mod quote;
mod server;
mod superuser;
pub(crate) mod version;

use std::{collections::HashMap, path::PathBuf};

use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, Row,
    mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlSslMode},
};
use tokio::sync::{Mutex, OnceCell};

use self::server::ServerProcess;
pub use self::{
    options::MySqlOptions,
    quote::{name, text},
    version::MySqlVersion,
};
use crate::{App, Credentials, ServerLog, authority::Certificate};

/// A running server. It stops when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct MySql {
    version: MySqlVersion,
    server: ServerProcess,
    certificate: Certificate,
    admin: OnceCell<Credentials>,
}

impl MySql {
    /// The server of this version that all tests of the process share, started at its first use.
    pub async fn shared(version: MySqlVersion) -> &'static Self {
        static SHARED: Mutex<Option<HashMap<MySqlVersion, &'static MySql>>> = Mutex::const_new(None);
        let mut shared = SHARED.lock().await;
        let servers = shared.get_or_insert_default();
        if let Some(server) = servers.get(&version) {
            return server;
        }
        let server = Box::leak(Box::new(Self::start(version, MySqlOptions::default()).await));
        servers.insert(version, server);
        server
    }

    /// Starts a server for the caller only.
    pub async fn start(version: MySqlVersion, options: MySqlOptions<'_>) -> Self {
        let server = ServerProcess::start(version, &options).await;
        Self { version, server, certificate: options.certificate, admin: OnceCell::new() }
    }

    /// Kills the server, as a crash would. Connections to its port are refused from then on.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Shuts the server down, which ends the sessions.
    pub async fn stop(&self) {
        let mut root = self.root_session().await;
        // The session may end before the response.
        self.server.stop(async { _ = run(&mut root, "SHUTDOWN").await }).await;
    }

    /// Starts it again, and returns when it accepts connections.
    pub async fn start_again(&self) {
        self.server.start_again().await;
    }

    /// Like [`Self::start_again`], with additional options such as `("innodb-read-only", "ON")` for this start only.
    pub async fn start_again_with(&self, settings: &[(&str, &str)]) {
        self.server.start_again_with(settings).await;
    }

    /// The product and its version.
    #[must_use]
    pub fn version(&self) -> MySqlVersion {
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

    /// The server's general log from here on.
    #[must_use]
    pub fn log(&self) -> ServerLog {
        ServerLog::from_now(self.server.folder().join("general.log"), log::sign_ins)
    }

    /// The server's general log from its start.
    #[must_use]
    pub fn whole_log(&self) -> ServerLog {
        ServerLog::from_the_start(self.server.folder().join("general.log"), log::sign_ins)
    }

    /// The user `root`, which may do everything.
    #[must_use]
    pub fn root(&self) -> Credentials {
        Credentials { user: "root".to_owned(), password: self.server.root_password.clone() }
    }

    /// A superuser shaped like RDS's master user.
    pub async fn admin(&self) -> &Credentials {
        self.admin.get_or_init(|| self.create_superuser("master")).await
    }

    /// Creates an application whose user's name begins with `hint`: at the host `%`, with privileges on its own database.
    /// Root creates it, and the log does not show how.
    pub async fn create_app(&self, hint: &str) -> App {
        self.make(App::unique(hint)).await
    }

    /// Like [`Self::create_app`], with exactly this name for user and database.
    pub async fn named_app(&self, name: &str) -> App {
        self.make(App { credentials: Credentials::new(name), database: name.to_owned() }).await
    }

    async fn make(&self, app: App) -> App {
        self.execute(&format!("CREATE DATABASE {}", name(&app.database))).await;
        self.create_user(&app.credentials, &app.database).await;
        app
    }

    /// Creates a user at every host with the rights of an application.
    pub(crate) async fn create_user(&self, credentials: &Credentials, database: &str) {
        let (user, database) = (name(&credentials.user), name(database));
        let password = text(&credentials.password);
        self.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY {password}")).await;
        let rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES";
        self.execute(&format!("GRANT {rights} ON {database}.* TO {user}@'%'")).await;
    }

    /// A secret's value for these credentials on this server, with the keys that AWS's rotation functions know.
    #[must_use]
    pub fn secret(&self, of: &Credentials, dbname: &str) -> Value {
        let engine = if self.version.is_mariadb() { "mariadb" } else { "mysql" };
        json!({
            "engine": engine, "host": self.host(), "port": self.port(),
            "username": of.user, "password": of.password, "dbname": dbname,
        })
    }

    /// Signs in as an application would: over verified TLS, or in cleartext if the server has no TLS.
    ///
    /// # Errors
    /// Why the user cannot sign in.
    pub async fn sign_in(
        &self,
        as_user: &Credentials,
        database: &str,
    ) -> Result<MySqlConnection, sqlx::Error> {
        self.options(as_user, database, MySqlSslMode::VerifyIdentity).connect().await
    }

    /// Whether the server accepts these credentials. Panics on any other error, such as no connection.
    pub async fn signs_in(&self, as_user: &Credentials, database: &str) -> bool {
        match self.sign_in(as_user, database).await {
            Ok(_) => true,
            Err(error) => match number(&error) {
                // Rejected, locked, blocked, expired.
                Some(1045 | 3118 | 3955 | 4150 | 4151 | 1820 | 1862) => false,
                _ => panic!("cannot tell whether {} signs in: {error}", as_user.user),
            },
        }
    }

    /// Runs a statement as root, which the server's log does not show.
    pub async fn execute(&self, sql: &str) {
        self.values(sql).await;
    }

    /// The first column of every row of a query as root, as text; NULL is empty.
    pub async fn values(&self, sql: &str) -> Vec<String> {
        let mut root = self.root_session().await;
        run(&mut root, sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// A session of root, which the server's log does not show.
    pub async fn root_session(&self) -> MySqlConnection {
        // Servers with a bad certificate are set up as well.
        let root = self.options(&self.root(), "", MySqlSslMode::Required);
        // A test that kills sign-ins which hang may kill this one on a busy machine.
        let mut root = match root.connect().await {
            Err(sqlx::Error::Io(_)) => root.connect().await,
            signed_in => signed_in,
        }
        .expect("root signs in");
        // Tests search the log for passwords of the functions, so it must not have those of the testbed.
        run(&mut root, "SET SESSION sql_log_off = 1, sql_mode = ''").await.expect("root may");
        root
    }

    fn options(&self, user: &Credentials, database: &str, mode: MySqlSslMode) -> MySqlConnectOptions {
        let mode = if self.certificate == Certificate::None { MySqlSslMode::Disabled } else { mode };
        let options = MySqlConnectOptions::new()
            .host(self.host())
            .port(self.port())
            .username(&user.user)
            .password(&user.password)
            .ssl_mode(mode)
            .ssl_ca(self.ca_file())
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .disable_statement_logging();
        if database.is_empty() { options } else { options.database(database) }
    }
}

/// The number of a server's error.
#[must_use]
pub fn number(error: &sqlx::Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Runs statements, and returns the first column of every row as text. NULL is empty.
///
/// # Errors
/// The server's error at the first statement that fails.
pub async fn run(connection: &mut MySqlConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await?;
    // The text protocol returns every type as text.
    rows.iter().map(|row| Ok(row.try_get_unchecked::<Option<String>, _>(0)?.unwrap_or_default())).collect()
}
