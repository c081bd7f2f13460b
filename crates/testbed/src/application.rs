//! An application's secret under rotation: its server, a Secrets Manager, and the function that rotates it.

mod afterwards;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use local_aws::{LocalAws, Options, Rotation};
use serde_json::{Value, json};

use crate::role::{self, On};
use crate::{
    App, Credentials, FaultProxy, FunctionError, Functions, Postgres, Server, Setup, secrets_manager,
    start_local_aws,
};

/// The steps of a rotation, by their names on the wire, in order.
pub const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// What the events of [`Application::event`] carry.
const ROTATION_TOKEN: &str = "test-rotation-token-test-rotation-token";

/// See the module. Everything ends with this value.
#[derive(Debug)]
pub struct Application<'a, S: Server = Postgres> {
    /// Where the application's database is.
    pub server: &'a S,
    /// The application's user and database, with its first password.
    pub app: App,
    /// The Secrets Manager.
    pub local: LocalAws,
    /// What runs the function.
    pub functions: Functions,
    /// A client of the Secrets Manager.
    pub client: Client,
    /// The application's secret.
    pub arn: String,
    /// The secret of the superuser, which alternating users need and single user may have.
    pub superuser_arn: String,
    function: String,
    /// The rotation that failed last, and its attempts so far.
    unfinished: Mutex<Option<(String, usize)>>,
}

impl<'a, S: Server> Application<'a, S> {
    /// An application whose user the superuser has created, with its secret stored and its function ready.
    pub async fn start(server: &'a S, setup: Setup<'_>) -> Self {
        let app = server.create_app(setup.user).await;
        Self::with(server, app, setup).await
    }

    /// The same with a wire in between, also for the superuser.
    pub async fn through_proxy(server: &'a S, proxy: &FaultProxy, setup: Setup<'_>) -> Self {
        let mut fields = setup.fields.clone();
        fields["port"] = json!(proxy.port());
        let application = Self::start(server, Setup { fields, ..setup }).await;
        application.lead_superuser_to(proxy.port()).await;
        application
    }

    /// Has the superuser's secret name this port of the server's machine.
    pub async fn lead_superuser_to(&self, port: u16) {
        let mut superuser = self.server.superuser_secret().await;
        superuser["port"] = json!(port);
        self.store_superuser(&superuser).await;
    }

    /// Replaces the superuser's secret.
    pub async fn store_superuser(&self, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.superuser_arn);
        call.secret_string(secret.to_string()).send().await.expect("PutSecretValue is accepted");
    }

    /// The same for an application that exists.
    pub async fn with(server: &'a S, app: App, setup: Setup<'_>) -> Self {
        let options = Options { attempts: setup.attempts, pause: Duration::ZERO, ..Options::default() };
        let local = start_local_aws(options).await;
        let client = secrets_manager(&local.url());
        let superuser_arn = store(&client, "superuser", &server.superuser_secret().await).await;

        let mut secret = app.secret(server);
        if setup.function.ends_with("alternating-users") {
            secret["masterarn"] = json!(superuser_arn);
        }
        merge(&mut secret, &setup.fields);
        let arn = store(&client, "application", &secret).await;

        let functions = Functions::between(&local.url(), server).await;
        functions.add(setup.function, &setup.environment, setup.timeout).await;
        local.set_lambda_url(functions.url());
        let function = setup.function.to_owned();
        Self {
            server,
            app,
            local,
            functions,
            client,
            arn,
            superuser_arn,
            function,
            unfinished: Mutex::default(),
        }
    }

    /// Rotates as Secrets Manager does, with all of its attempts. Where the last rotation failed, the service
    /// goes on with that one, unless its version has become current.
    pub async fn rotate(&self) -> Rotation {
        let unfinished = self.unfinished().take();
        let (version, before) = match unfinished {
            None => (self.rotate_secret().await, 0),
            Some((version, attempts)) => {
                let call = self.client.rotate_secret().secret_id(&self.arn);
                match call.send().await {
                    // RotateSecret says that a rotation is not complete.
                    Err(_) => (version, attempts),
                    Ok(answer) => {
                        (answer.version_id().expect("RotateSecret answers a version").to_owned(), 0)
                    }
                }
            }
        };
        let mut rotation = self.local.rotated(&self.arn, &version).await;
        if !rotation.succeeded {
            *self.unfinished() = Some((version, rotation.attempts.len()));
        }
        rotation.attempts.drain(..before);
        rotation
    }

    /// The version of the rotation that failed last, if none was begun since.
    #[must_use]
    pub fn unfinished_version(&self) -> Option<String> {
        self.unfinished().as_ref().map(|(version, _)| version.clone())
    }

    /// Runs all steps once more for the version of the rotation that failed last, which has become current all the
    /// same: so does the service, where `RotateSecret` would begin another rotation.
    ///
    /// # Errors
    /// The step that failed, and what the function answered.
    pub async fn repeat(&self, version: &str) -> Result<(), (&'static str, FunctionError)> {
        for step in STEPS {
            self.step(step, version).await.map_err(|error| (step, error))?;
        }
        self.unfinished().take();
        Ok(())
    }

    fn unfinished(&self) -> MutexGuard<'_, Option<(String, usize)>> {
        self.unfinished.lock().expect("no test panics here")
    }

    /// Rotates, and panics with the function's own words unless that succeeds at once.
    pub async fn rotate_ok(&self) {
        let rotation = self.rotate().await;
        assert!(rotation.succeeded && rotation.attempts.len() == 1, "{rotation:#?}");
    }

    /// Rotates, and answers the words with which the function failed.
    pub async fn rotate_expect_err(&self) -> String {
        let rotation = self.rotate().await;
        assert!(!rotation.succeeded, "this rotation was to fail");
        let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
        let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step, error)));
        let (step, error) = failed.unwrap_or_else(|| panic!("no step failed: {rotation:#?}"));
        format!("{step:?} {}: {}", error.error_type.as_deref().unwrap_or("?"), error.message)
    }

    /// Begins a rotation as Secrets Manager does, without a step: the pending version has no value. Answers
    /// the version.
    pub async fn begin(&self) -> String {
        // Nothing listens there.
        self.local.set_lambda_url("http://127.0.0.1:1");
        let version = self.rotate_secret().await;
        self.local.rotated(&self.arn, &version).await;
        self.local.set_lambda_url(self.functions.url());
        version
    }

    /// Tests the function as Secrets Manager does for a rotation that is to begin later, and panics unless
    /// that succeeds.
    pub async fn probe(&self) {
        let call = self.client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(self.function_arn());
        let answer = call.rotate_immediately(false).send().await.expect("RotateSecret is accepted");
        let version = answer.version_id().expect("RotateSecret answers a version");
        let rotation = self.local.rotated(&self.arn, version).await;
        assert!(rotation.succeeded, "{rotation:#?}");
    }

    fn function_arn(&self) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.function)
    }

    async fn rotate_secret(&self) -> String {
        let arn = self.function_arn();
        let call = self.client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(arn);
        let answer = call.send().await.expect("RotateSecret is accepted");
        answer.version_id().expect("RotateSecret answers a version").to_owned()
    }

    /// The event of a step.
    #[must_use]
    pub fn event(&self, step: &str, version: &str) -> Value {
        json!({
            "Step": step, "SecretId": self.arn, "ClientRequestToken": version,
            "RotationToken": ROTATION_TOKEN,
        })
    }

    /// Runs one step.
    ///
    /// # Errors
    /// What the function answered.
    pub async fn step(&self, step: &str, version: &str) -> Result<(), FunctionError> {
        self.functions.invoke(&self.function, &self.event(step, version)).await.map(|_| ())
    }

    /// What the function has written.
    #[must_use]
    pub fn output(&self) -> String {
        self.functions.output(&self.function)
    }

    /// The function's processes, when they all wait for their next event.
    pub async fn processes(&self) -> Vec<u32> {
        self.functions.waiting(&self.function).await
    }

    /// The value of the version with this label.
    pub async fn stored(&self, stage: &str) -> Option<Value> {
        stored(&self.client, &self.arn, stage).await
    }

    /// Replaces AWSCURRENT, as a person would.
    pub async fn store_current(&self, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.arn).secret_string(secret.to_string());
        call.send().await.expect("PutSecretValue is accepted");
        // That abandons a rotation which is under way.
        self.unfinished().take();
    }

    /// Stores credentials as AWSPREVIOUS, which leaves AWSCURRENT alone, as a person would.
    pub async fn store_previous(&self, credentials: &Credentials) {
        let mut previous = self.stored("AWSCURRENT").await.expect("a current version");
        previous["username"] = credentials.user.as_str().into();
        previous["password"] = credentials.password.as_str().into();
        let call = self.client.put_secret_value().secret_id(&self.arn).version_stages("AWSPREVIOUS");
        call.secret_string(previous.to_string()).send().await.expect("PutSecretValue is accepted");
    }

    /// Gives a pending version its value, as whoever may write the secret could.
    pub async fn store_pending(&self, version: &str, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.arn).client_request_token(version);
        let call = call.version_stages("AWSPENDING").secret_string(secret.to_string());
        call.send().await.expect("PutSecretValue is accepted");
    }

    /// Takes AWSPENDING off a version, as an operator would who gives a rotation up.
    pub async fn abandon(&self, version: &str) {
        let call = self.client.update_secret_version_stage().secret_id(&self.arn);
        let call = call.version_stage("AWSPENDING").remove_from_version_id(version);
        call.send().await.expect("UpdateSecretVersionStage is accepted");
        self.unfinished().take();
    }

    /// User and password of the version with this label.
    pub async fn credentials(&self, stage: &str) -> Option<Credentials> {
        credentials(&self.client, &self.arn, stage).await
    }

    /// Whether the version with this label exists and signs in.
    pub async fn signs_in(&self, stage: &str) -> bool {
        match self.credentials(stage).await {
            Some(credentials) => self.server.signs_in(&credentials, &self.app.database).await,
            None => false,
        }
    }

    /// Whether any version signs in, those without a label as well.
    pub async fn some_version_signs_in(&self) -> bool {
        let list = self.client.list_secret_version_ids().secret_id(&self.arn).include_deprecated(true);
        let list = list.send().await.expect("ListSecretVersionIds is accepted");
        for version in list.versions().iter().filter_map(|version| version.version_id()) {
            let call = self.client.get_secret_value().secret_id(&self.arn).version_id(version);
            let Some(credentials) = credentials_of(call).await else { continue };
            if self.server.signs_in(&credentials, &self.app.database).await {
                return true;
            }
        }
        false
    }

    /// The label-to-version map of the secret, as `label version` lines in order.
    pub async fn labels(&self) -> Vec<String> {
        let answer = self.client.describe_secret().secret_id(&self.arn).send().await;
        let answer = answer.expect("DescribeSecret is accepted");
        let versions = answer.version_ids_to_stages().cloned().unwrap_or_default();
        let pairs = versions
            .into_iter()
            .flat_map(|(version, labels)| labels.into_iter().map(move |label| format!("{label} {version}")));
        let mut lines: Vec<String> = pairs.collect();
        lines.sort();
        lines
    }
}

impl<S: Server> Application<'_, S> {
    /// What the function has called so far.
    #[must_use]
    pub fn seen_calls(&self) -> BTreeSet<(On, String)> {
        role::seen(self.local.callers(), &self.arn)
    }
}

/// Stores a secret; answers its ARN.
pub async fn store(client: &Client, name: &str, secret: &Value) -> String {
    let call = client.create_secret().name(name).secret_string(secret.to_string());
    let answer = call.send().await.expect("CreateSecret is accepted");
    answer.arn().expect("CreateSecret answers an ARN").to_owned()
}

/// The value of a secret's version with this label.
async fn stored(client: &Client, arn: &str, stage: &str) -> Option<Value> {
    value(client.get_secret_value().secret_id(arn).version_stage(stage)).await
}

async fn value(call: GetSecretValueFluentBuilder) -> Option<Value> {
    let text = call.send().await.ok()?.secret_string()?.to_owned();
    serde_json::from_str(&text).ok()
}

/// User and password of a secret's version with this label.
pub async fn credentials(client: &Client, arn: &str, stage: &str) -> Option<Credentials> {
    credentials_of(client.get_secret_value().secret_id(arn).version_stage(stage)).await
}

async fn credentials_of(call: GetSecretValueFluentBuilder) -> Option<Credentials> {
    let secret = value(call).await?;
    let text = |field: &str| secret[field].as_str().map(String::from);
    Some(Credentials { user: text("username")?, password: text("password")? })
}

fn merge(secret: &mut Value, fields: &Value) {
    let (Some(secret), Some(fields)) = (secret.as_object_mut(), fields.as_object()) else { return };
    for (name, value) in fields {
        if value.is_null() {
            secret.remove(name);
        } else {
            secret.insert(name.clone(), value.clone());
        }
    }
}
