//! An application on a PostgreSQL server: its user and the database that the user owns. Everybody may connect to
//! that, as PostgreSQL has it.

use super::{Postgres, name};
use crate::{App, Credentials};

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

    async fn made_by(self, on: &Postgres, creator: &Credentials) -> Self {
        let mut session = on.set_up_as(creator, "postgres").await.expect("the creator signs in");
        let (database, user) = (name(&self.database), name(&self.credentials.user));
        super::run(&mut session, &format!("CREATE ROLE {user} LOGIN")).await.expect("a new user");
        on.set_password(&self.credentials).await;
        let discarded = std::mem::take(&mut *on.discarded.lock().expect("no test panics here"));
        let mut root = on.set_up_as(&on.root(), "postgres").await.expect("root signs in");
        for database in discarded {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(&database));
            // What a test left in use stays.
            let _ = super::run(&mut root, &drop).await;
        }
        on.execute("postgres", &format!("CREATE DATABASE {database} OWNER {user}")).await;
        self
    }
}
