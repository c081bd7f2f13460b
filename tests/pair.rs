//! `make pair`: its SQL, run by an administrator, and its commands, run by the AWS CLI, make two users that rotate without a
//! superuser.

mod mysql;
mod postgres;

use std::path::PathBuf;

use serde_json::{Value, json};
use testbed::{
    Application, Credentials, Moto, Server, ServerLog, Setup, functions, postgres_versions, secrets_manager,
    store,
};

use crate::support::Desk;

/// What the program printed.
struct Printed {
    sql: String,
    said: String,
    succeeded: bool,
}

impl Desk {
    /// Runs `pair`.
    async fn pair(&self, arguments: &[&str]) -> Printed {
        let output = self.output(functions::program("pair").await, arguments).await;
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let (sql, said) = (text(output.stdout), text(output.stderr));
        Printed { sql, said, succeeded: output.status.success() }
    }

    /// Runs `pair`, and returns what it says, which is why it prints no SQL.
    async fn refused(&self, arguments: &[&str]) -> String {
        let Printed { sql, said, succeeded } = self.pair(arguments).await;
        assert!(!succeeded && sql.is_empty(), "{said}{sql}");
        let has_file = self.previous().exists();
        assert!(!has_file, "{said}");
        said
    }

    fn previous(&self) -> PathBuf {
        self.folder.path().join("previous.json")
    }

    /// The clone's version of the secret.
    fn written(&self) -> Value {
        let text = std::fs::read_to_string(self.previous()).expect("the file was written");
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Printed {
    /// The commands that a person runs after the SQL.
    fn commands(&self) -> Vec<&str> {
        self.said.lines().filter_map(|line| line.strip_prefix("pair:    ")).collect()
    }
}

fn setup(setup: Setup<'static>) -> Setup<'static> {
    Setup { fields: json!({"masterarn": null, "own": "x"}), ..setup }
}

/// Makes a pair of an application's user by what is printed alone, and rotates to the clone and back. `run` runs SQL as an
/// administrator, in a session that the server's log shows.
async fn makes_a_pair<S: Server>(application: &Application<'_, S>, log: &ServerLog, run: impl AsyncFn(&str)) {
    let desk = Desk::of(application);
    let before = application.stored("AWSCURRENT").await.expect("a current version");
    let printed = desk.pair(&[&application.arn]).await;
    assert!(printed.succeeded, "{}", printed.said);

    let written = desk.written();
    let clone = format!("{}_clone", application.app.user());
    let mut expected = before.clone();
    (expected["username"], expected["password"]) = (json!(clone), written["password"].clone());
    assert_eq!(written.to_string(), expected.to_string(), "only the user differs, and no order");
    let next = written["password"].as_str().expect("a password").to_owned();
    assert_eq!(next.len(), 40, "PASSWORD_LENGTH");

    run(&printed.sql).await;
    let commands = printed.commands();
    let [put, probe, remove] = commands[..] else { panic!("other commands: {commands:?}") };
    desk.shell(put).await;
    assert_eq!(application.stored("AWSCURRENT").await.as_ref(), Some(&before), "it is left alone");
    assert_eq!(application.stored("AWSPREVIOUS").await, Some(written));
    desk.shell(remove).await;
    assert!(!desk.previous().exists());
    application.probe().await;

    for user in [&clone, application.app.user()] {
        application.rotate_ok().await;
        assert_eq!(application.credentials("AWSCURRENT").await.expect("a version").user, user);
        assert!(application.signs_in("AWSCURRENT").await && application.signs_in("AWSPREVIOUS").await);
    }
    let response: Value = serde_json::from_str(&desk.shell(probe).await).expect("JSON");
    let version = response["VersionId"].as_str().expect("a version");
    let tested = application.local.rotated(&application.arn, version).await;
    assert!(tested.succeeded, "{tested:#?}");

    for secret in [&next, &application.app.credentials.password] {
        assert!(!printed.sql.contains(secret) && !printed.said.contains(secret), "a password was printed");
        assert!(!log.contains(secret), "a password is in the server's log");
    }
}

/// What is refused without a look at the server.
async fn what_the_secret_tells_is_refused<S: Server>(server: &S, function: Setup<'static>) {
    let application = Application::start(server, setup(function)).await;
    let desk = Desk::of(&application);
    let current = application.stored("AWSCURRENT").await.expect("a current version");
    let clone = format!("{}_clone", application.app.user());
    let with = |fields: Value| {
        let mut secret = current.clone();
        for (name, value) in fields.as_object().expect("fields") {
            secret[name] = value.clone();
        }
        secret
    };
    for (fields, said) in [
        (json!({"masterarn": application.superuser_arn}), "names a superuser (masterarn)"),
        (json!({"username": clone}), "AWSCURRENT is of"),
        (json!({"engine": "oracle"}), "engine"),
        (json!({"host": "x.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com"}), "is an RDS Proxy"),
        (json!({"password": "hunter2-hunter2"}), "AWSCURRENT does not sign in as"),
    ] {
        application.store_current(&with(fields)).await;
        let refusal = desk.refused(&[&application.arn]).await;
        assert!(refusal.contains(said) && !refusal.contains("hunter2"), "{said}: {refusal}");
    }
    let refusal = desk.refused(&["another"]).await;
    assert!(refusal.contains("cannot read another"), "{refusal}");

    // The base's own former password is displaced, which is said.
    application.store_current(&current).await;
    let printed = desk.pair(&[&application.arn]).await;
    assert!(
        printed.succeeded && printed.said.contains("keeps its value and loses the label"),
        "{}",
        printed.said
    );
    let again = desk.pair(&[&application.arn]).await;
    assert!(!again.succeeded && again.said.contains("previous.json exists"), "{}", again.said);
    std::fs::remove_file(desk.previous()).expect("the file");

    application.store_previous(&Credentials::new(&clone)).await;
    let refusal = desk.refused(&[&application.arn]).await;
    assert!(
        refusal.contains("AWSPREVIOUS is of") && refusal.contains("--no-rotate-immediately"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_moto_the_clones_version_takes_awsprevious_and_leaves_awscurrent_alone() {
    let server = testbed::Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, setup(Setup::alternating_users())).await;
    let moto = Moto::start().await;
    let client = secrets_manager(&moto.url());
    let current = application.stored("AWSCURRENT").await.expect("a current version");
    store(&client, "team/app", &current).await;
    let desk = Desk::at(&moto.url(), server);
    let printed = desk.pair(&["team/app"]).await;
    assert!(printed.succeeded, "{}", printed.said);
    desk.shell(printed.commands()[0]).await;
    for (stage, expected) in [("AWSCURRENT", current), ("AWSPREVIOUS", desk.written())] {
        let version = client.get_secret_value().secret_id("team/app").version_stage(stage).send().await;
        let version = version.expect("a version").secret_string().map(str::to_owned);
        assert_eq!(version, Some(expected.to_string()), "{stage}");
    }
}

/// From a machine that reaches the server, and not Secrets Manager.
#[tokio::test(flavor = "multi_thread")]
async fn awscurrent_is_read_from_a_file_and_the_credentials_are_written_where_the_person_says() {
    let server = testbed::Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, setup(Setup::alternating_users())).await;
    let desk = Desk::at("http://127.0.0.1:1", server);
    let current = application.stored("AWSCURRENT").await.expect("a current version");
    std::fs::write(desk.folder.path().join("current.json"), current.to_string()).expect("a file");
    let printed = desk.pair(&["app", "--current", "current.json", "--out", "it's.json"]).await;
    assert!(printed.succeeded && printed.sql.contains("CREATE ROLE"), "{}", printed.said);
    let put = printed.commands()[0];
    assert!(
        put.ends_with("--secret-id app --version-stages AWSPREVIOUS --secret-string file://\"it's.json\""),
        "{put}"
    );
    assert!(desk.folder.path().join("it's.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_is_wrong_is_named_at_once() {
    let server = testbed::Postgres::shared(postgres_versions()[0]).await;
    let mut desk = Desk::at("http://db.example", server);
    for (name, value) in [("PASSWORD_LENGTH", "7"), ("PGOPTIONS", "-c x=y"), ("DATABASE_CA_FILE", "/nowhere")]
    {
        desk.environment.push((name, value.to_owned()));
    }
    let refusal = desk.refused(&["app"]).await;
    for name in ["AWS_ENDPOINT_URL", "PASSWORD_LENGTH", "PGOPTIONS", "DATABASE_CA_FILE"] {
        assert!(refusal.contains(name), "{name}: {refusal}");
    }
}
