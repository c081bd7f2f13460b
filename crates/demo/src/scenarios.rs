//! Who is on stage: a row for each engine and strategy.

use clap::ValueEnum;
use serde_json::json;
use testbed::{App, Server};

use crate::environment::Environment;

/// An application, and the function that rotates its secret.
pub(crate) struct Scenario {
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

const SCENARIOS: &[Scenario] = &[
    Scenario {
        engine: Engine::Postgres,
        application: "shop",
        strategy: "single user",
        function: "postgres-single-user",
        promise: Promise::SomeVersionSignsIn,
    },
    Scenario {
        engine: Engine::Postgres,
        application: "orders",
        strategy: "alternating users",
        function: "postgres-alternating-users",
        promise: Promise::CurrentSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "blog",
        strategy: "single user",
        function: "mysql-single-user",
        promise: Promise::SomeVersionSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "stock",
        strategy: "alternating users",
        function: "mysql-alternating-users",
        promise: Promise::CurrentSignsIn,
    },
    Scenario {
        engine: Engine::MySql,
        application: "billing",
        strategy: "dual password",
        function: "mysql-dual-password",
        promise: Promise::CurrentSignsIn,
    },
];

/// Those whose engine is on stage.
pub(crate) fn scenarios(engines: &[Engine]) -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().filter(|scenario| engines.contains(&scenario.engine))
}

impl Scenario {
    /// Makes the application and its secret, by which the function reaches the server at `port`; answers the secret's ARN.
    pub(crate) async fn create(&self, environment: &Environment, port: u16) -> String {
        let (server, app): (&dyn Server, _) = match self.engine {
            Engine::Postgres => {
                (environment.postgres(), App::named(environment.postgres(), self.application).await)
            }
            Engine::MySql => (environment.mysql(), environment.mysql().named_app(self.application).await),
        };
        let mut value = app.secret(server);
        value["port"] = json!(port);
        if self.strategy == "alternating users" {
            let superuser = format!("{}-superuser", self.engine.name());
            let mut secret = server.superuser_secret().await;
            secret["port"] = json!(port);
            let superuser = environment.create_secret(&superuser, &secret).await;
            value["masterarn"] = json!(superuser);
        }
        if self.strategy == "dual password" {
            let user = testbed::mysql::name(app.user());
            environment
                .mysql()
                .execute(&format!("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {user}@`%`"))
                .await;
        }
        environment.create_secret(self.application, &value).await
    }
}
