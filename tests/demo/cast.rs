//! Who is on stage: a row for each engine and strategy.

use bed::{App, Server};
use clap::ValueEnum;
use serde_json::json;

use crate::stage::Stage;

/// An application, and the function that rotates its secret.
pub(crate) struct Role {
    pub(crate) engine: Engine,
    pub(crate) application: &'static str,
    pub(crate) strategy: &'static str,
    /// A binary of the package `functions`.
    pub(crate) function: &'static str,
    pub(crate) promise: Promise,
}

/// Where an application's database is.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Postgres,
    #[value(name = "mysql")]
    MySql,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::MySql];

    /// What its superuser's secret is called by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }
}

/// What must hold after every step of a rotation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Some version of the secret signs in.
    SomeVersionSignsIn,
    /// AWSCURRENT signs in.
    CurrentSignsIn,
}

const CAST: &[Role] = &[
    Role {
        engine: Engine::Postgres,
        application: "shop",
        strategy: "single user",
        function: "postgres-single-user",
        promise: Promise::SomeVersionSignsIn,
    },
    Role {
        engine: Engine::Postgres,
        application: "orders",
        strategy: "alternating users",
        function: "postgres-alternating-users",
        promise: Promise::CurrentSignsIn,
    },
    Role {
        engine: Engine::MySql,
        application: "blog",
        strategy: "single user",
        function: "mysql-single-user",
        promise: Promise::SomeVersionSignsIn,
    },
    Role {
        engine: Engine::MySql,
        application: "stock",
        strategy: "alternating users",
        function: "mysql-alternating-users",
        promise: Promise::CurrentSignsIn,
    },
    Role {
        engine: Engine::MySql,
        application: "billing",
        strategy: "dual password",
        function: "mysql-dual-password",
        promise: Promise::CurrentSignsIn,
    },
];

/// Those whose engine is on stage.
pub(crate) fn cast(engines: &[Engine]) -> impl Iterator<Item = &'static Role> {
    CAST.iter().filter(|role| engines.contains(&role.engine))
}

impl Role {
    /// Makes the application and its secret, by which the function reaches the server at `port`; answers the secret's ARN.
    pub(crate) async fn enter(&self, stage: &Stage, port: u16) -> String {
        let (server, app): (&dyn Server, _) = match self.engine {
            Engine::Postgres => (stage.postgres(), App::named(stage.postgres(), self.application).await),
            Engine::MySql => (stage.mysql(), stage.mysql().named_app(self.application).await),
        };
        let mut value = app.secret(server);
        value["port"] = json!(port);
        if self.strategy == "alternating users" {
            let superuser = format!("{}-superuser", self.engine.name());
            let mut secret = server.superuser_secret().await;
            secret["port"] = json!(port);
            let superuser = stage.create_secret(&superuser, &secret).await;
            value["masterarn"] = json!(superuser);
        }
        if self.strategy == "dual password" {
            let user = bed::mysql::name(app.user());
            stage.mysql().execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {user}@`%`")).await;
        }
        stage.create_secret(self.application, &value).await
    }
}
