//! An application on a PostgreSQL server: its user and the database that the user owns. As by PostgreSQL's default, all
//! users may connect to the database.

use super::{Postgres, name};
use crate::{App, Credentials};

impl App {
    /// Creates an application whose user's name begins with `hint`, in any characters (up to 40 bytes).
    ///
    /// The superuser creates the user, as people do on RDS: since PostgreSQL 16 that gives it the admin option.
    pub async fn create(on: &Postgres, hint: &str) -> Self {
        Self::unique(hint).created_by(on, on.admin().await).await
    }

    /// Creates an application whose user root creates: since PostgreSQL 16 the superuser has no admin option on it.
    pub async fn created_by_root(on: &Postgres, hint: &str) -> Self {
        Self::unique(hint).created_by(on, &on.root()).await
    }

    /// Like [`App::create`], with exactly this name for user and database.
    pub async fn named(on: &Postgres, name: &str) -> Self {
        let app = Self { credentials: Credentials::new(name), database: name.to_owned() };
        app.created_by(on, on.admin().await).await
    }

    async fn created_by(self, on: &Postgres, creator: &Credentials) -> Self {
        let mut session = on.set_up_as(creator, "postgres").await.expect("the creator signs in");
        let (database, user) = (name(&self.database), name(&self.credentials.user));
        super::run(&mut session, &format!("CREATE ROLE {user} LOGIN")).await.expect("a new user");
        on.set_password(&self.credentials).await;
        let discarded = std::mem::take(&mut *on.discarded.lock().expect("no holder panics"));
        let mut root = on.set_up_as(&on.root(), "postgres").await.expect("root signs in");
        for database in discarded {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name(&database));
            // A database that is still in use stays.
            let _ = super::run(&mut root, &drop).await;
        }
        on.execute("postgres", &format!("CREATE DATABASE {database} OWNER {user}")).await;
        self
    }
}

impl Postgres {
    pub(crate) async fn create_clone(&self, app: &App) -> Credentials {
        let clone = Credentials::new(&format!("{}_clone", app.user()));
        let (base, user) = (name(app.user()), name(&clone.user));
        let mut session =
            self.set_up_as(self.admin().await, "postgres").await.expect("the superuser signs in");
        for statement in [
            format!("CREATE ROLE {user} LOGIN"),
            format!("GRANT {base} TO {user}"),
            format!("ALTER ROLE {user} SET role = {base}"),
        ] {
            super::run(&mut session, &statement).await.expect("the clone is created");
        }
        self.set_password(&clone).await;
        clone
    }
}
