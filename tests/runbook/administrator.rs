//! SQL as an administrator runs it.

use async_trait::async_trait;
use testbed::{Credentials, MySql, Postgres, Server, mysql, postgres};

/// A server with an administrator who is no superuser, as RDS's master user is none.
#[async_trait]
pub(super) trait Administrated: Server + Sized {
    /// Runs statements in one session as its administrator, at this server or at one that became a copy of it. Returns the first
    /// column of the rows.
    async fn run_at(&self, server: &Self, database: &str, sql: &str) -> Vec<String>;

    /// What psql's `\password` does on PostgreSQL.
    async fn set_password(&self, of: &Credentials);
}

#[async_trait]
impl Administrated for Postgres {
    async fn run_at(&self, server: &Self, database: &str, sql: &str) -> Vec<String> {
        let admin = Server::admin(self).await;
        let mut session = server.sign_in(admin, database).await.expect("the administrator signs in");
        postgres::run(&mut session, sql)
            .await
            .unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name()))
    }

    async fn set_password(&self, of: &Credentials) {
        Postgres::set_password(self, of).await;
    }
}

#[async_trait]
impl Administrated for MySql {
    async fn run_at(&self, server: &Self, database: &str, sql: &str) -> Vec<String> {
        let admin = Server::admin(server).await;
        let mut session = server.sign_in(admin, database).await.expect("the administrator signs in");
        mysql::run(&mut session, sql).await.unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name()))
    }

    async fn set_password(&self, _of: &Credentials) {
        panic!("mysql has no \\password");
    }
}
