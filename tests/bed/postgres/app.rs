//! An application on a server: its user and the database that the user owns.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{Credentials, Postgres, name};

/// One application, with names that no other application of the server has: tests run side by side.
#[derive(Clone, Debug)]
pub struct App {
    /// Its user, with the first password.
    pub credentials: Credentials,
    /// The database that its user owns. Everybody may connect to it, as PostgreSQL has it.
    pub database: String,
}

impl App {
    /// An application whose user's name begins with `hint`, in whatever characters (up to 40 bytes).
    ///
    /// The superuser creates the user, as people do on RDS: since PostgreSQL 16 that gives it the admin option.
    pub async fn create(on: &Postgres, hint: &str) -> Self {
        Self::unique(hint).made_by(on, on.admin().await).await
    }

    /// An application whose user root creates: since PostgreSQL 16 the superuser has no admin option on it.
    pub async fn created_by_root(on: &Postgres, hint: &str) -> Self {
        Self::unique(hint).made_by(on, &on.root()).await
    }

    /// Like [`App::create`], with exactly this name for user and database: once a server.
    pub async fn named(on: &Postgres, name: &str) -> Self {
        let app = Self { credentials: Credentials::new(name), database: name.to_owned() };
        app.made_by(on, on.admin().await).await
    }

    fn unique(hint: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { credentials: Credentials::new(&format!("{hint}{number}")), database: format!("db{number}") }
    }

    async fn made_by(self, on: &Postgres, creator: &Credentials) -> Self {
        let mut session = on.set_up_as(creator, "postgres").await.expect("the creator signs in");
        let (database, user) = (name(&self.database), name(&self.credentials.user));
        super::run(&mut session, &format!("CREATE ROLE {user} LOGIN")).await.expect("a new user");
        on.set_password(&self.credentials).await;
        on.execute("postgres", &format!("CREATE DATABASE {database} OWNER {user}")).await;
        self
    }

    /// The name of the application's user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.credentials.user
    }

    /// The application's secret, with its first password.
    #[must_use]
    pub fn secret(&self, on: &Postgres) -> Value {
        on.secret(&self.credentials, &self.database)
    }
}
