//! What fault injection needs of a server, besides what every test needs.

use std::collections::BTreeSet;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use testbed::mysql::{self, MySql};
use testbed::postgres::{self, Postgres};
use testbed::{App, Server};

/// How long a lock may outlive its session, in seconds.
const LOCK: u32 = 20;

/// A server with applications on it.
#[async_trait]
pub trait Subject: Server {
    /// Changes the privileges and settings of the application's user, differently in every round.
    async fn change_privileges(&self, app: &App, round: usize);

    /// All privileges and settings of the application's user or its clone; equal for equal users.
    async fn privileges_of(&self, app: &App, user: &str) -> BTreeSet<String>;

    /// The users whose names begin with the name of the application's user.
    async fn users_of(&self, app: &App) -> BTreeSet<String>;

    /// Whether no session holds the lock of an alternation.
    async fn is_unlocked(&self, app: &App) -> bool;
}

#[async_trait]
impl Subject for Postgres {
    async fn change_privileges(&self, app: &App, round: usize) {
        let (user, database) = (postgres::name(app.user()), postgres::name(&app.database));
        let limit = 50 + round % 50;
        let rules = format!(
            "ALTER ROLE {user} CONNECTION LIMIT {limit}; ALTER ROLE {user} SET work_mem = '{limit}MB'; \
             ALTER ROLE {user} IN DATABASE {database} SET statement_timeout = '{limit}s'"
        );
        self.execute("postgres", &rules).await;
    }

    async fn privileges_of(&self, app: &App, user: &str) -> BTreeSet<String> {
        let (base, user) = (postgres::text(app.user()), postgres::text(user));
        let query = format!(
            "WITH u AS (SELECT * FROM pg_roles WHERE rolname = {user}), \
                  s AS (SELECT setdatabase d, unnest(setconfig) c FROM pg_db_role_setting, u WHERE setrole = u.oid) \
             SELECT format('login %s limit %s until %s', rolcanlogin, rolconnlimit, rolvaliduntil) FROM u \
             UNION ALL SELECT d || ' ' || c FROM s WHERE c NOT LIKE 'role=%' \
             UNION ALL SELECT 'acts as its base' FROM u WHERE rolname = {base} OR (pg_has_role(oid, {base}, 'MEMBER') \
               AND EXISTS (SELECT * FROM s WHERE c = 'role=' || {base}))"
        );
        self.values("postgres", &query).await.into_iter().collect()
    }

    async fn users_of(&self, app: &App) -> BTreeSet<String> {
        let user = postgres::text(app.user());
        let query = format!("SELECT rolname FROM pg_roles WHERE rolname ~ ('^' || {user} || '([^0-9]|$)')");
        self.values("postgres", &query).await.into_iter().collect()
    }

    async fn is_unlocked(&self, app: &App) -> bool {
        let mut root = self.sign_in(&self.root(), "postgres").await.expect("root signs in");
        let lock = postgres::text(&format!("rotate:{}", app.user()));
        let wait =
            format!("SET lock_timeout = '{LOCK}s'; SELECT pg_advisory_lock(hashtextextended({lock}, 0))");
        postgres::run(&mut root, &wait).await.is_ok()
    }
}

#[async_trait]
impl Subject for MySql {
    async fn change_privileges(&self, app: &App, round: usize) {
        let (user, table) = (mysql::name(app.user()), format!("{}.t{round}", mysql::name(&app.database)));
        self.execute(&format!("CREATE TABLE {table} (a INT)")).await;
        self.execute(&format!("GRANT TRIGGER, UPDATE (a) ON {table} TO {user}@'%'")).await;
        self.execute(&format!("ALTER USER {user}@'%' WITH MAX_USER_CONNECTIONS {}", 50 + round)).await;
    }

    async fn privileges_of(&self, _: &App, user: &str) -> BTreeSet<String> {
        self.rows_about(user).await
    }

    async fn users_of(&self, app: &App) -> BTreeSet<String> {
        let user = mysql::text(app.user());
        let query =
            format!("SELECT User FROM mysql.user WHERE User REGEXP CONCAT('^', {user}, '([^0-9]|$)')");
        self.values(&query).await.into_iter().collect()
    }

    async fn is_unlocked(&self, app: &App) -> bool {
        let lock = mysql::text(&alternation_lock(&self.admin().await.password, app.user()));
        self.values(&format!("SELECT GET_LOCK({lock}, {LOCK})")).await == ["1"]
    }
}

/// The name of the lock of an alternation on MySQL and MariaDB: of this user, by a superuser with this password.
#[must_use]
pub fn alternation_lock(password: &str, user: &str) -> String {
    let keyed = |key: &[u8], text: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        mac.chain_update(text).finalize().into_bytes()
    };
    let name = keyed(&keyed(password.as_bytes(), "lock"), user);
    name.iter().take(20).fold("rotate:".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}
