//! What the load test needs of a server, besides what every test needs.

use async_trait::async_trait;

use testbed::mysql::{self, MySql};
use testbed::postgres::{self, Postgres};
use testbed::{App, Credentials, Server};

/// One for all users: a database for each would fill the disk.
const DATABASE: &str = "load_test";

/// A server with many users in one database.
#[async_trait]
pub trait ManyUsers: Server + 'static {
    /// Creates this many users. To be called once per server.
    async fn create_users(&self, count: usize) -> Vec<App>;

    /// How many sign-ins the server's log has since its start, and how many rejected ones.
    fn sign_ins(&self) -> (usize, usize);
}

fn apps(count: usize) -> Vec<App> {
    let app = |number| App {
        credentials: Credentials::new(&format!("{DATABASE}{number}")),
        database: DATABASE.to_owned(),
    };
    (1..=count).map(app).collect()
}

#[async_trait]
impl ManyUsers for Postgres {
    async fn create_users(&self, count: usize) -> Vec<App> {
        let apps = apps(count);
        self.execute("postgres", &format!("CREATE DATABASE {DATABASE}")).await;
        // The superuser creates the users, as people do on RDS: since PostgreSQL 16 that gives it the admin option.
        let roles: String =
            apps.iter().map(|app| format!("CREATE ROLE {} LOGIN;", postgres::name(app.user()))).collect();
        let mut superuser = self.sign_in(self.admin().await, "postgres").await.expect("it signs in");
        postgres::run(&mut superuser, &roles).await.expect("new users");
        let passwords = apps.iter().map(|app| {
            let (user, password) = (postgres::name(app.user()), postgres::text(&app.credentials.password));
            format!("ALTER ROLE {user} PASSWORD {password};")
        });
        self.execute("postgres", &passwords.collect::<String>()).await;
        apps
    }

    fn sign_ins(&self) -> (usize, usize) {
        self.whole_log().sign_ins()
    }
}

#[async_trait]
impl ManyUsers for MySql {
    async fn create_users(&self, count: usize) -> Vec<App> {
        let apps = apps(count);
        let mut root = self.root_session().await;
        mysql::run(&mut root, &format!("CREATE DATABASE {DATABASE}")).await.expect("a new database");
        for app in &apps {
            let account = format!("{}@'%'", mysql::name(app.user()));
            let password = mysql::text(&app.credentials.password);
            let create = format!("CREATE USER {account} IDENTIFIED BY {password}");
            mysql::run(&mut root, &create).await.expect("a new user");
            let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {DATABASE}.* TO {account}");
            mysql::run(&mut root, &grant).await.expect("rights");
        }
        apps
    }

    fn sign_ins(&self) -> (usize, usize) {
        self.whole_log().sign_ins()
    }
}
