//! The parts of the demo: servers, Secrets Manager, functions, and the observer between the last two.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options};
use serde_json::{Value, json};
use testbed::{
    App, CargoLambda, Engine, FUNCTIONS_KEY, FaultProxy, authority, environment::repository,
    fault_proxy::Fault, private, secrets_manager, start_local_aws, store,
};

use crate::{
    events,
    observer::{self, ObservedRotation},
    scenarios::Scenario,
    servers::Servers,
    show,
};

/// Everything that runs. It stops when this value is dropped, or when the process ends.
pub(crate) struct Environment {
    servers: Arc<Servers>,
    pub(crate) local_aws: LocalAws,
    pub(crate) cargo_lambda: CargoLambda,
    secrets: Client,
    observed: Arc<Mutex<Option<ObservedRotation>>>,
}

impl Environment {
    pub(crate) async fn start(engines: &[Engine]) -> Self {
        let folder = repository().join("target/demo");
        let _ = fs::remove_dir_all(&folder);
        // Closed to other users: events hold rotation tokens.
        private::folder(&folder);
        private::folder(&events::folder());

        let servers = Arc::new(Servers::start(engines).await);
        for engine in engines {
            let server = servers.of(*engine);
            println!("{}", show::part(&server.name(), &format!("localhost:{}", server.port())));
        }

        let local_aws = start_local_aws(Options { attempts: 2, ..Options::default() }).await;
        let secrets = secrets_manager(&local_aws.url());
        println!("{}", show::part("local-aws (Secrets Manager)", &local_aws.url()));

        let cargo_lambda = watch(&folder, &local_aws).await;
        let address = format!("http://127.0.0.1:{}", cargo_lambda.port());
        println!("{}", show::part("cargo lambda watch", &address));

        let observed = Arc::new(Mutex::new(None));
        let lambda_url = observer::start(&cargo_lambda, &servers, &secrets, Arc::clone(&observed)).await;
        local_aws.set_lambda_url(&lambda_url);
        Self { servers, local_aws, cargo_lambda, secrets, observed }
    }

    /// The name of the scenario's server, such as `postgres-18`.
    pub(crate) fn server_of(&self, scenario: &Scenario) -> String {
        self.servers.of(scenario.engine).name()
    }

    /// A proxy in front of an engine's server, which can hold or reset connections.
    pub(crate) async fn proxy_to(&self, engine: Engine) -> FaultProxy {
        FaultProxy::to(self.servers.of(engine).port(), Fault::None).await
    }

    /// Creates the scenario's application and its secret, with which the function reaches the server at `port`. Returns
    /// the secret's ARN.
    pub(crate) async fn create_application(&self, scenario: &Scenario, port: u16) -> String {
        let (server, name) = (self.servers.of(scenario.engine), scenario.application);
        let app = match scenario.engine {
            Engine::Postgres => App::named(self.servers.postgres(), name).await,
            Engine::MySql => self.servers.mysql().named_app(name).await,
        };
        let mut secret = app.secret(server);
        secret["port"] = json!(port);
        if scenario.function.ends_with("alternating-users") {
            let mut superuser: Value = server.superuser_secret().await;
            superuser["port"] = json!(port);
            let name = format!("{}-superuser", scenario.engine);
            secret["masterarn"] = json!(store(&self.secrets, &name, &superuser).await);
        }
        if scenario.function.ends_with("dual-password") {
            server.allow_two_passwords(&app).await;
        }
        store(&self.secrets, name, &secret).await
    }

    /// Rotates by one call, as an operator does; Secrets Manager then calls the function. Returns what went wrong.
    pub(crate) async fn rotate(&self, secret_id: &str, scenario: &'static Scenario) -> Vec<String> {
        *self.observed.lock().expect("no holder panics") = Some(ObservedRotation::new(secret_id, scenario));
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
        let observed = self.observed.lock().expect("no holder panics").take();
        let mut problems = observed.map(|observed| observed.problems).unwrap_or_default();
        if !rotation.succeeded {
            problems.push(format!("given up after {} attempts", rotation.attempts.len()));
        }
        problems
    }
}

/// Starts `cargo lambda watch`, with its log in this folder.
async fn watch(folder: &Path, local_aws: &LocalAws) -> CargoLambda {
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
    CargoLambda::watch(&environment, &folder.join("functions.log")).await
}
