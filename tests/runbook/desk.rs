//! A person with a shell, the AWS CLI and a database client, in front of a secret that is rotated.

use std::cell::RefCell;
use std::process::Output;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use local_aws::{LocalAws, Options, Rotation};
use serde_json::{Value, json};
use testbed::{App, Credentials, Functions, credentials, functions, secrets_manager, start_local_aws, store};

use super::administrator::Administrated;
use crate::support;

/// The secret `app` of a user, the secret `superuser`, and all functions of the engine. Everything but the server stops when
/// this value is dropped.
pub(super) struct Desk<'a, S: Administrated> {
    pub(super) server: &'a S,
    pub(super) app: App,
    pub(super) local: LocalAws,
    pub(super) functions: Functions,
    pub(super) client: Client,
    shell: support::Desk,
    /// Words of the page, and what stands for them here.
    stand_ins: RefCell<Vec<(String, String)>>,
    variables: RefCell<Vec<(String, String)>>,
}

impl<'a, S: Administrated> Desk<'a, S> {
    /// Without rotation. The functions have the names that the template gives them. The secrets name this port.
    pub(super) async fn new(server: &'a S, port: u16) -> Self {
        let app = server.create_app("app").await;
        let names = server.functions();
        let deployed = names.iter().map(|name| format!("rotate-{name}")).collect();
        let options =
            Options { attempts: 1, pause: Duration::ZERO, functions: Some(deployed), ..Options::default() };
        let local = start_local_aws(options).await;
        let client = secrets_manager(&local.url());
        for (name, mut secret) in
            [("superuser", server.superuser_secret().await), ("app", app.secret(server))]
        {
            secret["port"] = json!(port);
            store(&client, name, &secret).await;
        }
        let functions = Functions::between(&local.url(), server).await;
        for name in names {
            let program = functions::program(name).await;
            functions.add_program(
                &format!("rotate-{name}"),
                program,
                &[("DIAGNOSIS", "true")],
                Duration::from_secs(30),
            );
        }
        local.set_lambda_url(functions.url());
        let shell = support::Desk::at(&local.url(), server);
        Self {
            server,
            app,
            local,
            functions,
            client,
            shell,
            stand_ins: RefCell::default(),
            variables: RefCell::default(),
        }
    }

    /// With a strategy's function attached and, where two users take turns, the superuser's secret named.
    pub(super) async fn rotated_by(server: &'a S, strategy: &str) -> Self {
        Self::rotated_at(server, server.port(), strategy).await
    }

    /// The same at another port of the server, and rotated once.
    pub(super) async fn rotated_at(server: &'a S, port: u16, strategy: &str) -> Self {
        let desk = Self::new(server, port).await;
        if strategy.starts_with("alternating") {
            let mut secret = desk.stored("AWSCURRENT").await.expect("a version");
            secret["masterarn"] = json!(desk.arn("superuser").await);
            desk.put(&secret).await;
        }
        server.allow_two_passwords(&desk.app).await;
        desk.attach(strategy).await;
        desk
    }

    /// Rotates by this strategy's function.
    pub(super) async fn attach(&self, strategy: &str) {
        let call = self.client.rotate_secret().secret_id("app").rotation_lambda_arn(self.function(strategy));
        let response = call.send().await.expect("RotateSecret is accepted");
        let version = response.version_id().expect("a version").to_owned();
        let rotation = self.local.rotated(&self.arn("app").await, &version).await;
        assert!(rotation.succeeded, "{strategy} on {}: {rotation:#?}", self.server.name());
    }

    /// The ARN of a strategy's function for this engine.
    pub(super) fn function(&self, strategy: &str) -> String {
        format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.deployed(strategy))
    }

    /// The name of that function.
    fn deployed(&self, strategy: &str) -> String {
        let engine = if self.server.name().starts_with("postgres") { "postgres" } else { "mysql" };
        format!("rotate-{engine}-{strategy}")
    }

    /// From here on a word of the page, such as a host, stands for this.
    pub(super) fn stand_in(&self, word: &str, text: &str) {
        self.stand_ins.borrow_mut().push((word.to_owned(), text.to_owned()));
    }

    /// Sets a variable of the person's shell.
    pub(super) fn set(&self, name: &str, value: &str) {
        self.variables.borrow_mut().push((name.to_owned(), value.to_owned()));
    }

    async fn output(&self, block: &str) -> Output {
        // The next block has what this one exports, as in one shell.
        let keep = match exported(block).as_slice() {
            [] => String::new(),
            names => format!("trap 'declare -px {} >> .exports' EXIT", names.join(" ")),
        };
        let mut text = format!("[ ! -e .exports ] || . ./.exports\n{keep}\n{block}");
        for (word, instead) in self.stand_ins.borrow().iter() {
            text = text.replace(word, instead);
        }
        // A pasted line that fails does not keep a shell from the next one; here it does, so that it is seen.
        let mut shell = self.shell.command("bash".into(), &["-euo", "pipefail", "-c", &text]);
        shell.env("AWS_PAGER", "");
        for (name, value) in self.variables.borrow().iter() {
            shell.env(name, value);
        }
        shell.output().await.expect("bash runs")
    }

    /// Runs a block as it is printed. Returns what it printed.
    pub(super) async fn sh(&self, block: &str) -> String {
        let output = self.output(block).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {block}{said}", self.server.name());
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a block whose last command begins a rotation or continues one, and waits for its end.
    pub(super) async fn rotate(&self, block: &str) -> Rotation {
        let output = self.output(block).await;
        let (printed, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let last = |field: &str| {
            let (_, rest) = printed.rsplit_once(&format!("\"{field}\": \""))?;
            rest.split('"').next().map(str::to_owned)
        };
        let (arn, version) = if output.status.success() {
            last("ARN").zip(last("VersionId")).unwrap_or_else(|| panic!("no version: {block}{printed}"))
        } else {
            assert!(said.contains("A previous rotation isn't complete."), "{block}{printed}{said}");
            (self.arn("app").await, self.version("AWSPENDING").await.expect("a pending version"))
        };
        self.local.rotated(&arn, &version).await
    }

    /// The same, of a rotation that succeeds.
    pub(super) async fn rotate_ok(&self, block: &str) {
        let rotation = self.rotate(block).await;
        assert!(rotation.succeeded, "{}: {block}{rotation:#?}", self.server.name());
    }

    /// Runs SQL as an administrator, with the user's name here. A password is typed where one is asked for.
    pub(super) async fn sql(&self, block: &str) -> Vec<String> {
        self.sql_at(self.server, block, "").await
    }

    /// The same at a server that became a copy of this one.
    pub(super) async fn sql_at(&self, server: &S, block: &str, password: &str) -> Vec<String> {
        let mut rows = Vec::new();
        let mut statements = String::new();
        for line in block.lines().filter(|line| !line.starts_with("--")) {
            if let Some(user) = line.strip_prefix("\\password ") {
                let user = self.named(user);
                server.set_password(&Credentials { user, password: password.to_owned() }).await;
            } else {
                statements.push_str(&self.named(&line.replace("PASSWORD'", &format!("{password}'"))));
                statements.push('\n');
            }
        }
        if !statements.trim().is_empty() {
            rows = self.server.run_at(server, &self.app.database, &statements).await;
        }
        rows
    }

    /// `app` and `app_clone` as they are called here.
    fn named(&self, sql: &str) -> String {
        let mut named = String::new();
        let mut word = String::new();
        for letter in sql.chars().chain(['\0']) {
            if letter.is_alphanumeric() || letter == '_' {
                word.push(letter);
                continue;
            }
            match word.as_str() {
                "app" => named.push_str(self.app.user()),
                "app_clone" => named.push_str(&self.clone_name()),
                other => named.push_str(other),
            }
            word.clear();
            if letter != '\0' {
                named.push(letter);
            }
        }
        named
    }

    pub(super) fn clone_name(&self) -> String {
        format!("{}_clone", self.app.user())
    }

    pub(super) async fn arn(&self, name: &str) -> String {
        let secret = self.client.describe_secret().secret_id(name).send().await.expect("a secret");
        secret.arn().expect("an ARN").to_owned()
    }

    /// The version with this label.
    pub(super) async fn version(&self, stage: &str) -> Option<String> {
        let secret = self.client.describe_secret().secret_id("app").send().await.expect("a secret");
        let labels = secret.version_ids_to_stages().cloned().unwrap_or_default();
        let has = |labels: &Vec<String>| labels.iter().any(|label| label == stage);
        labels.into_iter().find(|(_, labels)| has(labels)).map(|(version, _)| version)
    }

    pub(super) async fn stored(&self, stage: &str) -> Option<Value> {
        let call = self.client.get_secret_value().secret_id("app").version_stage(stage).send().await.ok()?;
        serde_json::from_str(call.secret_string()?).ok()
    }

    /// Stores a current value.
    pub(super) async fn put(&self, secret: &Value) {
        let call = self.client.put_secret_value().secret_id("app").secret_string(secret.to_string());
        call.send().await.expect("PutSecretValue is accepted");
    }

    pub(super) async fn credentials(&self, stage: &str) -> Option<Credentials> {
        credentials(&self.client, "app", stage).await
    }

    /// Whether the version with this label signs in at `server`.
    pub(super) async fn signs_in_at(&self, server: &S, stage: &str) -> bool {
        match self.credentials(stage).await {
            Some(credentials) => server.signs_in(&credentials, &self.app.database).await,
            None => false,
        }
    }

    pub(super) async fn signs_in(&self, stage: &str) -> bool {
        self.signs_in_at(self.server, stage).await
    }

    /// Begins a rotation that stops before this step, as when the function cannot be called any more.
    pub(super) async fn stop_before(&self, strategy: &str, step: &str) {
        let name = self.deployed(strategy);
        self.local.set_lambda_url("http://127.0.0.1:1");
        let call =
            self.client.rotate_secret().secret_id("app").send().await.expect("RotateSecret is accepted");
        let version = call.version_id().expect("a version").to_owned();
        let arn = self.arn("app").await;
        self.local.rotated(&arn, &version).await;
        for next in testbed::STEPS.into_iter().take_while(|next| *next != step) {
            let event = json!({"Step": next, "SecretId": arn, "ClientRequestToken": version,
                "RotationToken": "a-rotation-token-of-a-test-that-stops-in-between"});
            let invoked = self.functions.invoke(&name, &event).await;
            invoked.unwrap_or_else(|error| panic!("{next}: {error:?}"));
        }
        self.local.set_lambda_url(self.functions.url());
    }
}

/// The names of the variables that a block exports.
fn exported(block: &str) -> Vec<&str> {
    let lines = block.lines().filter_map(|line| line.strip_prefix("export "));
    let names = lines.flat_map(str::split_whitespace).filter_map(|word| Some(word.split_once('=')?.0));
    names.filter(|name| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')).collect()
}

/// The error with which a rotation failed.
pub(super) fn error_of(rotation: &Rotation) -> String {
    assert!(!rotation.succeeded, "it was expected to fail");
    let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last());
    let error = last.and_then(|step| step.outcome.as_ref().err());
    error
        .map_or_else(|| format!("{rotation:?}"), |error| format!("{:?}: {}", error.error_type, error.message))
}
