//! What tests need of a database server of any engine.

use std::{fmt, path::PathBuf};

use async_trait::async_trait;
use databases::{Limits, TrustAnchors};
use rotation::ports::Database;
use serde_json::Value;

use crate::{App, Credentials, MySql, Postgres, ServerLog, Setup};

/// A running server.
#[async_trait]
pub trait Server: fmt::Debug + Send + Sync {
    /// Its name in messages, such as `postgres-18`.
    fn name(&self) -> String;

    /// Its port on 127.0.0.1.
    fn port(&self) -> u16;

    /// A secret's value for these credentials on this server, with the keys that AWS's rotation functions know.
    fn secret(&self, of: &Credentials, dbname: &str) -> Value;

    /// A superuser shaped like RDS's master user.
    async fn admin(&self) -> &Credentials;

    /// The secret of that superuser.
    async fn superuser_secret(&self) -> Value;

    /// The certificate of the authority that clients trust, for `DATABASE_CA_FILE`.
    fn ca_file(&self) -> PathBuf;

    /// Its log from here on, with every sign-in.
    fn log(&self) -> ServerLog;

    /// A setup for each strategy of each function that rotates on this engine.
    fn setups(&self) -> Vec<Setup<'static>>;

    /// The functions that rotate on this engine.
    fn functions(&self) -> Vec<&'static str> {
        let mut functions: Vec<_> = self.setups().into_iter().map(|setup| setup.function).collect();
        functions.dedup();
        functions
    }

    /// Single user with a setSecret that makes the new version current.
    fn setups_promoting_in_set_secret(&self) -> Vec<Setup<'static>> {
        let single_user = self.setups().into_iter().filter(|setup| setup.function.ends_with("single-user"));
        single_user.map(Setup::promoting_in_set_secret).collect()
    }

    /// [`Self::setups`] and [`Self::setups_promoting_in_set_secret`].
    fn setups_with_either_promotion(&self) -> Vec<Setup<'static>> {
        self.setups().into_iter().chain(self.setups_promoting_in_set_secret()).collect()
    }

    /// A new application, whose user the superuser creates; its name begins with `hint`.
    async fn create_app(&self, hint: &str) -> App;

    /// Creates the clone of the application's user as a person does, with equal rights and a password of its own.
    async fn create_clone(&self, app: &App) -> Credentials;

    /// Grants the application's user a second password, if the server supports two.
    async fn allow_two_passwords(&self, app: &App);

    /// To be called when the application is no longer used: its data may be removed later.
    fn discard(&self, _app: &App) {}

    /// Whether the server accepts these credentials. Panics on any other error, such as no connection.
    async fn signs_in(&self, as_user: &Credentials, database: &str) -> bool;

    /// The adapter with which the functions reach it.
    fn adapter(&self) -> Box<dyn Database>;
}

#[async_trait]
impl Server for Postgres {
    fn name(&self) -> String {
        format!("postgres-{}", self.version())
    }

    fn port(&self) -> u16 {
        Postgres::port(self)
    }

    fn secret(&self, of: &Credentials, dbname: &str) -> Value {
        Postgres::secret(self, of, dbname)
    }

    async fn admin(&self) -> &Credentials {
        Postgres::admin(self).await
    }

    async fn superuser_secret(&self) -> Value {
        self.secret(self.admin().await, "postgres")
    }

    fn ca_file(&self) -> PathBuf {
        Postgres::ca_file(self)
    }

    fn log(&self) -> ServerLog {
        Postgres::log(self)
    }

    fn setups(&self) -> Vec<Setup<'static>> {
        let alternating = Setup::alternating_users();
        vec![Setup::single_user(), alternating.clone(), alternating.without_superuser()]
    }

    async fn create_app(&self, hint: &str) -> App {
        App::create(self, hint).await
    }

    async fn create_clone(&self, app: &App) -> Credentials {
        Postgres::create_clone(self, app).await
    }

    async fn allow_two_passwords(&self, _app: &App) {}

    fn discard(&self, app: &App) {
        Postgres::discard(self, app);
    }

    async fn signs_in(&self, as_user: &Credentials, database: &str) -> bool {
        Postgres::signs_in(self, as_user, database).await
    }

    fn adapter(&self) -> Box<dyn Database> {
        Box::new(databases::Postgres::new(trusted(self), Limits::default()))
    }
}

#[async_trait]
impl Server for MySql {
    fn name(&self) -> String {
        self.version().to_string()
    }

    fn port(&self) -> u16 {
        MySql::port(self)
    }

    fn secret(&self, of: &Credentials, dbname: &str) -> Value {
        MySql::secret(self, of, dbname)
    }

    async fn admin(&self) -> &Credentials {
        MySql::admin(self).await
    }

    async fn superuser_secret(&self) -> Value {
        self.secret(self.admin().await, "mysql")
    }

    fn ca_file(&self) -> PathBuf {
        MySql::ca_file(self)
    }

    fn log(&self) -> ServerLog {
        MySql::log(self)
    }

    fn setups(&self) -> Vec<Setup<'static>> {
        let alternating = Setup::mysql_alternating_users();
        let mut all = vec![Setup::mysql_single_user(), alternating.clone(), alternating.without_superuser()];
        // A MariaDB user has one password.
        if !self.version().is_mariadb() {
            all.push(Setup::mysql_dual_password());
        }
        all
    }

    async fn create_app(&self, hint: &str) -> App {
        MySql::create_app(self, hint).await
    }

    async fn create_clone(&self, app: &App) -> Credentials {
        let clone = Credentials::new(&format!("{}_clone", app.user()));
        self.create_user(&clone, &app.database).await;
        clone
    }

    async fn allow_two_passwords(&self, app: &App) {
        if !self.version().is_mariadb() {
            // Also its clone's, if a person has created one, which has to be equal.
            for user in [app.user(), &format!("{}_clone", app.user())] {
                let exists =
                    format!("SELECT COUNT(*) FROM mysql.user WHERE User = {}", crate::mysql::text(user));
                if self.values(&exists).await == ["1"] {
                    let account = format!("{}@'%'", crate::mysql::name(user));
                    self.execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}")).await;
                }
            }
        }
    }

    async fn signs_in(&self, as_user: &Credentials, database: &str) -> bool {
        MySql::signs_in(self, as_user, database).await
    }

    fn adapter(&self) -> Box<dyn Database> {
        Box::new(databases::MySql::new(trusted(self), Limits::default()))
    }
}

impl App {
    /// The application's secret, with its first password.
    #[must_use]
    pub fn secret(&self, on: &dyn Server) -> Value {
        on.secret(&self.credentials, &self.database)
    }
}

fn trusted(server: &dyn Server) -> TrustAnchors {
    let authority = std::fs::read(server.ca_file()).expect("the authority's file");
    TrustAnchors::new(Some(&authority)).expect("an authority")
}
