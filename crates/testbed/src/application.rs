//! An application whose secret is rotated: its server, a Secrets Manager, and its function.

mod afterwards;
mod secret;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options, Rotation};
use rotation::Promotion;
use serde_json::{Value, json};

use crate::role::{self, On};
use crate::stored::store;
use crate::{
    App, ChangedBy, FaultProxy, FunctionError, Functions, Postgres, Server, Setup, secrets_manager,
    start_local_aws,
};

/// The steps of a rotation in order, named as in events.
pub const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// The rotation token of [`Application::event`].
const ROTATION_TOKEN: &str = "test-rotation-token-test-rotation-token";

/// An application whose secret is rotated. Everything but the server stops when this value is dropped.
#[derive(Debug)]
pub struct Application<'a, S: Server = Postgres> {
    /// The application's database server.
    pub server: &'a S,
    /// The application's user and database, with its first password.
    pub app: App,
    /// The Secrets Manager.
    pub local: LocalAws,
    /// Runs the function.
    pub functions: Functions,
    /// A client of the Secrets Manager.
    pub client: Client,
    /// The application's secret.
    pub arn: String,
    /// The superuser's secret, which alternating users need and single user may have.
    pub superuser_arn: String,
    function: String,
    /// Which step of the function makes the new version current.
    pub(crate) promotion: Promotion,
    /// The rotation that failed last, and its attempts so far.
    unfinished: Mutex<Option<(String, usize)>>,
}

impl<'a, S: Server> Application<'a, S> {
    /// Creates an application, whose user the superuser creates, stores its secret and starts its function.
    pub async fn start(server: &'a S, setup: Setup<'_>) -> Self {
        let app = server.create_app(setup.user).await;
        Self::with(server, app, setup).await
    }

    /// Like [`Self::start`], but the function reaches the server by this proxy, also as the superuser.
    pub async fn through_proxy(server: &'a S, proxy: &FaultProxy, setup: Setup<'_>) -> Self {
        let mut fields = setup.fields.clone();
        fields["port"] = json!(proxy.port());
        let application = Self::start(server, Setup { fields, ..setup }).await;
        application.set_superuser_port(proxy.port()).await;
        application
    }

    /// Sets the port in the superuser's secret.
    pub async fn set_superuser_port(&self, port: u16) {
        let mut superuser = self.server.superuser_secret().await;
        superuser["port"] = json!(port);
        self.store_superuser(&superuser).await;
    }

    /// Replaces the superuser's secret.
    pub async fn store_superuser(&self, secret: &Value) {
        let call = self.client.put_secret_value().secret_id(&self.superuser_arn);
        call.secret_string(secret.to_string()).send().await.expect("PutSecretValue is accepted");
    }

    /// Like [`Self::start`], for an application that exists.
    pub async fn with(server: &'a S, app: App, setup: Setup<'_>) -> Self {
        let functions = Some(vec![setup.function.to_owned()]);
        let options =
            Options { attempts: setup.attempts, pause: Duration::ZERO, functions, ..Options::default() };
        let local = start_local_aws(options).await;
        let client = secrets_manager(&local.url());
        let superuser_arn = store(&client, "superuser", &server.superuser_secret().await).await;

        let mut secret = app.secret(server);
        let alternates = setup.function.ends_with("alternating-users");
        if alternates && setup.changed_by == ChangedBy::Superuser {
            secret["masterarn"] = json!(superuser_arn);
        }
        merge(&mut secret, &setup.fields);
        let arn = store(&client, "application", &secret).await;
        if alternates && setup.changed_by == ChangedBy::Themselves {
            let clone = server.create_clone(&app).await;
            let idle = json!({"username": clone.user, "password": clone.password});
            merge(&mut secret, &idle);
            let put = client.put_secret_value().secret_id(&arn).version_stages("AWSPREVIOUS");
            put.secret_string(secret.to_string()).send().await.expect("PutSecretValue is accepted");
        }

        let functions = Functions::between(&local.url(), server).await;
        functions.add(setup.function, &setup.variables(), setup.timeout).await;
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
            promotion: setup.promotion,
            unfinished: Mutex::default(),
        }
    }

    /// Rotates as Secrets Manager does, with all of its attempts. If the last rotation failed, the service continues that
    /// one, unless its version has become current.
    pub async fn rotate(&self) -> Rotation {
        let unfinished = self.unfinished().take();
        let (version, before) = match unfinished {
            None => (self.rotate_secret().await, 0),
            Some((version, attempts)) => {
                let call = self.client.rotate_secret().secret_id(&self.arn);
                match call.send().await {
                    // RotateSecret fails because a rotation is not complete.
                    Err(_) => (version, attempts),
                    Ok(response) => {
                        (response.version_id().expect("RotateSecret returns a version").to_owned(), 0)
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

    /// The version of the rotation that failed last, if no other has begun since.
    #[must_use]
    pub fn unfinished_version(&self) -> Option<String> {
        self.unfinished().as_ref().map(|(version, _)| version.clone())
    }

    /// Runs all steps once more for the version of the rotation that failed last, although it has become current. The
    /// service does the same; `RotateSecret` would begin another rotation.
    ///
    /// # Errors
    /// The step that failed, and the function's error.
    pub async fn repeat(&self, version: &str) -> Result<(), (&'static str, FunctionError)> {
        for step in STEPS {
            self.step(step, version).await.map_err(|error| (step, error))?;
        }
        self.unfinished().take();
        Ok(())
    }

    fn unfinished(&self) -> MutexGuard<'_, Option<(String, usize)>> {
        self.unfinished.lock().expect("no holder panics")
    }

    /// Rotates, and panics with the function's error unless the first attempt succeeds.
    pub async fn rotate_ok(&self) {
        let rotation = self.rotate().await;
        assert!(rotation.succeeded && rotation.attempts.len() == 1, "{rotation:#?}");
    }

    /// Rotates, and returns the error with which the function failed. Panics if it succeeds.
    pub async fn rotate_expect_err(&self) -> String {
        error_of(&self.rotate().await)
    }

    /// Begins a rotation without running a step. Returns the pending version, which has no value.
    pub async fn begin(&self) -> String {
        // Nothing listens there.
        self.local.set_lambda_url("http://127.0.0.1:1");
        let version = self.rotate_secret().await;
        self.local.rotated(&self.arn, &version).await;
        self.local.set_lambda_url(self.functions.url());
        version
    }

    /// Runs only testSecret, as Secrets Manager does under `RotateImmediately=false`. Panics if that fails.
    pub async fn probe(&self) {
        let rotation = self.test_only().await;
        assert!(rotation.succeeded, "{rotation:#?}");
    }

    /// The same, and returns the error with which the function failed. Panics if it succeeds.
    pub async fn probe_expect_err(&self) -> String {
        let rotation = self.test_only().await;
        error_of(&rotation)
    }

    async fn test_only(&self) -> Rotation {
        let call = self.client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(self.function_arn());
        let response = call.rotate_immediately(false).send().await.expect("RotateSecret is accepted");
        let version = response.version_id().expect("RotateSecret returns a version");
        self.local.rotated(&self.arn, version).await
    }

    fn function_arn(&self) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.function)
    }

    async fn rotate_secret(&self) -> String {
        let arn = self.function_arn();
        let call = self.client.rotate_secret().secret_id(&self.arn).rotation_lambda_arn(arn);
        let response = call.send().await.expect("RotateSecret is accepted");
        response.version_id().expect("RotateSecret returns a version").to_owned()
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
    /// The function's error.
    pub async fn step(&self, step: &str, version: &str) -> Result<(), FunctionError> {
        self.functions.invoke(&self.function, &self.event(step, version)).await.map(|_| ())
    }

    /// Asks the function for a diagnosis of the application's secret.
    ///
    /// # Errors
    /// The function's error.
    pub async fn diagnose(&self) -> Result<Value, FunctionError> {
        self.functions.invoke(&self.function, &json!({"Diagnose": {"SecretId": self.arn}})).await
    }

    /// Lets the function look which of its secrets are overdue.
    ///
    /// # Errors
    /// The function's error.
    pub async fn watch(&self) -> Result<Value, FunctionError> {
        self.functions.invoke(&self.function, &json!({"Watch": {}})).await
    }

    /// Everything that the function has written to its output.
    #[must_use]
    pub fn output(&self) -> String {
        self.functions.output(&self.function)
    }

    /// The function's processes, once all of them wait for their next event.
    pub async fn processes(&self) -> Vec<u32> {
        self.functions.waiting(&self.function).await
    }
}

impl<S: Server> Application<'_, S> {
    /// The operations that the function has called so far.
    #[must_use]
    pub fn seen_calls(&self) -> BTreeSet<(On, String)> {
        role::seen(self.local.callers(), &self.arn)
    }
}

/// The error with which a rotation failed.
fn error_of(rotation: &Rotation) -> String {
    assert!(!rotation.succeeded, "this rotation was expected to fail");
    let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
    let failed = last.and_then(|step| step.outcome.as_ref().err().map(|error| (step.step, error)));
    let (step, error) = failed.unwrap_or_else(|| panic!("no step failed: {rotation:#?}"));
    format!("{step:?} {}: {}", error.error_type.as_deref().unwrap_or("?"), error.message)
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
