//! The parts of the demo, and what is done with them.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options};
use serde_json::Value;
use testbed::{
    CargoLambda, FUNCTIONS_KEY, FaultProxy, MySql, MySqlOptions, MySqlVersion, Postgres, PostgresOptions,
    Server, authority, environment::repository, fault_proxy::Fault, postgres_versions, private,
    secrets_manager, start_local_aws,
};

use crate::{
    observer::{self, Watched},
    scenarios::{Engine, Scenario},
    show,
};

/// Everything that runs. It ends with this value, or with the process.
pub(crate) struct Environment {
    servers: Arc<Servers>,
    pub(crate) local_aws: LocalAws,
    pub(crate) cargo_lambda: CargoLambda,
    pub(crate) secrets: Client,
    watched: Arc<Mutex<Option<Watched>>>,
}

/// The databases, as far as they are on stage.
#[derive(Default)]
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    mysql: Option<MySql>,
}

impl Servers {
    async fn start(engines: &[Engine]) -> Self {
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
            let server = servers.of(*engine);
            let address = server.secret(server.admin().await, "");
            show::part(
                &server.name(),
                &format!("{}:{}", address["host"].as_str().unwrap_or_default(), address["port"]),
            );
        }
        servers
    }

    /// The server of an engine that is on stage.
    pub(crate) fn of(&self, engine: Engine) -> &dyn Server {
        match engine {
            Engine::Postgres => self.postgres.as_ref().expect("PostgreSQL is on stage"),
            Engine::MySql => self.mysql.as_ref().expect("MySQL is on stage"),
        }
    }
}

impl Environment {
    pub(crate) async fn set_up(engines: &[Engine]) -> Self {
        let folder = repository().join("target/demo");
        let _ = fs::remove_dir_all(&folder);
        // Closed to other users: events hold rotation tokens.
        private::folder(&folder);
        private::folder(&crate::events::folder());

        let servers = Arc::new(Servers::start(engines).await);

        let local_aws = start_local_aws(Options { attempts: 2, ..Options::default() }).await;
        let secrets = secrets_manager(&local_aws.url());
        show::part("local-aws (Secrets Manager)", &local_aws.url());

        let cargo_lambda = watch(&folder, &local_aws, &folder.join("functions.log")).await;
        show::part("cargo lambda watch", &format!("http://127.0.0.1:{}", cargo_lambda.port()));

        let watched = Arc::new(Mutex::new(None));
        let observed = observer::start(&cargo_lambda, &servers, &secrets, Arc::clone(&watched)).await;
        local_aws.set_lambda_url(&observed);
        Self { servers, local_aws, cargo_lambda, secrets, watched }
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        self.servers.postgres.as_ref().expect("PostgreSQL is on stage")
    }

    pub(crate) fn mysql(&self) -> &MySql {
        self.servers.mysql.as_ref().expect("MySQL is on stage")
    }

    /// The way to the server of an engine, on which connections can be held or reset.
    pub(crate) async fn proxy_to(&self, engine: Engine) -> FaultProxy {
        let server = self.servers.of(engine);
        let port = server.secret(server.admin().await, "")["port"].as_u64();
        let port = port.and_then(|port| u16::try_from(port).ok()).expect("a secret names its port");
        FaultProxy::to(port, Fault::None).await
    }

    /// Answers the secret's ARN.
    pub(crate) async fn create_secret(&self, name: &str, value: &Value) -> String {
        let create = self.secrets.create_secret().name(name).secret_string(value.to_string());
        let created = create.send().await.unwrap_or_else(|error| panic!("{}", error.into_service_error()));
        created.arn.expect("a secret has an ARN")
    }

    /// Rotates as a person does, by one call; Secrets Manager calls the function. Answers what went wrong.
    pub(crate) async fn rotate(&self, secret_id: &str, scenario: &'static Scenario) -> Vec<String> {
        *self.watched.lock().expect("nobody panics here") = Some(Watched::new(secret_id, scenario));
        let rotate = self.secrets.rotate_secret().secret_id(secret_id);
        let rotate = rotate.rotation_lambda_arn(format!(
            "arn:aws:lambda:us-east-1:123456789012:function:{}",
            scenario.function
        ));
        let version = match rotate.send().await {
            Ok(started) => started.version_id.unwrap_or_default(),
            Err(error) => return vec![error.into_service_error().to_string()],
        };
        let rotation = self.local_aws.rotated(secret_id, &version).await;
        let watched = self.watched.lock().expect("nobody panics here").take();
        let mut problems = watched.map(|watched| watched.problems).unwrap_or_default();
        if !rotation.succeeded {
            problems.push(format!("given up after {} attempts", rotation.attempts.len()));
        }
        problems
    }
}

async fn watch(folder: &Path, local_aws: &LocalAws, log: &Path) -> CargoLambda {
    let authority = folder.join("authority.pem");
    private::write(&authority, authority::pem());
    let environment = [
        ("SECRETS_MANAGER_ENDPOINT", local_aws.url()),
        ("DATABASE_CA_FILE", authority.to_string_lossy().into_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", FUNCTIONS_KEY.expose().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "an-example".to_owned()),
    ];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    CargoLambda::watch(&environment, log).await
}
