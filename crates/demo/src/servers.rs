//! The database servers of the demo.

use testbed::{
    Engine, MySql, MySqlOptions, MySqlVersion, Postgres, PostgresOptions, Server, postgres_versions,
};

/// A server for each engine that the demo shows.
#[derive(Default)]
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    mysql: Option<MySql>,
}

impl Servers {
    pub(crate) async fn start(engines: &[Engine]) -> Self {
        let mut servers = Self::default();
        for engine in engines {
            match engine {
                Engine::Postgres => {
                    let newest = postgres_versions()[0];
                    servers.postgres = Some(Postgres::start(newest, PostgresOptions::default()).await);
                }
                Engine::MySql => {
                    servers.mysql = Some(MySql::start(MySqlVersion::MySql97, MySqlOptions::default()).await);
                }
            }
        }
        servers
    }

    /// The server of an engine that the demo shows.
    pub(crate) fn of(&self, engine: Engine) -> &dyn Server {
        match engine {
            Engine::Postgres => self.postgres(),
            Engine::MySql => self.mysql(),
        }
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        self.postgres.as_ref().expect("the demo shows PostgreSQL")
    }

    pub(crate) fn mysql(&self) -> &MySql {
        self.mysql.as_ref().expect("the demo shows MySQL")
    }
}
