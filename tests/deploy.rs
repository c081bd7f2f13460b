//! The template, deployed by `sam deploy`, and secrets rotated through the deployed functions.

use std::io::Write as _;

use local_aws::{LocalAws, Options};
use serde_json::{Value, json};
use testbed::{
    App, Credentials, MiniStack, MySql, MySqlVersion, Postgres, Server, authority, postgres_versions,
    secrets_manager, start_local_aws, store,
};

use crate::support::Desk;

/// How often each secret is rotated.
const ROTATIONS: usize = 3;

const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// Each function, and its logical id.
const FUNCTIONS: [(&str, &str); 5] = [
    ("postgres-single-user", "PostgresSingleUser"),
    ("postgres-alternating-users", "PostgresAlternatingUsers"),
    ("mysql-single-user", "MySqlSingleUser"),
    ("mysql-alternating-users", "MySqlAlternatingUsers"),
    ("mysql-dual-password", "MySqlDualPassword"),
];

/// Builds the functions; returns the folder with a folder for each and the template that names them.
async fn build(ministack: &MiniStack) -> String {
    let build = ministack.path("build");
    let architecture = format!("Architecture={ARCHITECTURE}");
    let base = testbed::environment::repository().display().to_string();
    say("sam build: the five functions");
    let words = ["build", "--template", "template.yaml", "--base-dir", &base, "--build-dir", &build];
    ministack.sam(&[&words[..], &["--parameter-overrides", &architecture]].concat()).await;
    build
}

/// Lays a zip of each built function, and the templates that deploy them, into a folder, as `make package` does; returns
/// the folder.
async fn package(ministack: &MiniStack, build: &str) -> String {
    let folder = ministack.path("dist");
    std::fs::create_dir(&folder).expect("a new folder");
    for (function, id) in FUNCTIONS {
        let (zip, program) =
            (format!("{folder}/{function}-{ARCHITECTURE}.zip"), format!("{build}/{id}/bootstrap"));
        python(&["-m", "zipfile", "-c", &zip, &program]).await;
    }
    let functions = FUNCTIONS.map(|(function, _)| function);
    python(&[&["crates/functions/template.py", ARCHITECTURE, &folder][..], &functions].concat()).await;
    folder
}

/// Runs the Python of the SAM CLI, which reads and writes templates.
async fn python(words: &[&str]) {
    let repository = testbed::environment::repository();
    let mut command = tokio::process::Command::new(repository.join("target/tools/sam/bin/python"));
    command.args(words).current_dir(repository);
    assert!(command.status().await.expect("python runs").success(), "{words:?}");
}

/// A stack of the template with these further parameters, whose functions speak to `local` as their Secrets Manager. Returns its outputs.
async fn deploy(
    ministack: &MiniStack,
    local: &LocalAws,
    template: &str,
    (prefix, further): (&str, &[&str]),
) -> Vec<Value> {
    let authority = ministack.give("authority.pem", authority::pem());
    let (endpoint, ca_file) =
        (format!("SecretsManagerEndpoint={}", local.url()), format!("CaFile={authority}"));
    let (architecture, name_prefix) =
        (format!("Architecture={ARCHITECTURE}"), format!("NamePrefix={prefix}"));
    // All else is deployed as it is.
    python(&["tests/tools/without-metric-math.py", template]).await;
    say(&format!("sam deploy: {prefix} to {}", ministack.url()));
    let words = ["deploy", "--template-file", template, "--stack-name", prefix, "--region", "us-east-1"];
    let how =
        ["--s3-bucket", ministack.bucket(), "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"];
    let parameters = ["--parameter-overrides", &architecture, &name_prefix, &endpoint, &ca_file];
    let others = ["LogLevel=TRACE", "CloudTrailIsLogging=true"];
    ministack.sam(&[&words[..], &how, &parameters, &others, further].concat()).await;
    let words =
        ["list", "stack-outputs", "--stack-name", prefix, "--region", "us-east-1", "--output", "json"];
    serde_json::from_str(&ministack.sam(&words).await).expect("JSON")
}

/// Rotates the secret of an application through a deployed function. Returns how many rotations there were.
async fn rotate<S: Server>(
    local: &LocalAws,
    outputs: &[Value],
    server: &S,
    app: App,
    (prefix, function): (&str, &str),
) -> usize {
    let id = FUNCTIONS.iter().find(|(name, _)| *name == function).expect("a function").1;
    let key = format!("{id}Arn");
    let output = outputs.iter().find(|output| output["OutputKey"] == key.as_str());
    let arn = output.and_then(|output| output["OutputValue"].as_str()).expect("the function is an output");
    assert!(arn.ends_with(&format!(":function:{prefix}-{function}")), "{arn}");

    let client = secrets_manager(&local.url());
    let mut secret = app.secret(server);
    if function.ends_with("alternating-users") {
        let superuser = server.superuser_secret().await;
        let name = format!("superuser/{}", app.user());
        secret["masterarn"] = json!(store(&client, &name, &superuser).await);
    }
    let id = store(&client, &format!("{function}/{}", app.user()), &secret).await;
    for _ in 0..ROTATIONS {
        let call = client.rotate_secret().secret_id(&id).rotation_lambda_arn(arn);
        let response = call.send().await.expect("RotateSecret is accepted");
        let version = response.version_id().expect("RotateSecret returns a version");
        let rotation = local.rotated(&id, version).await;
        assert!(rotation.succeeded && rotation.attempts.len() == 1, "{function}: {rotation:#?}");
        let value = client.get_secret_value().secret_id(&id).send().await.expect("a value");
        let value: Value = serde_json::from_str(value.secret_string().expect("a text")).expect("JSON");
        assert_ne!(value["password"], secret["password"]);
        let text = |field: &str| value[field].as_str().expect("a text").to_owned();
        let current = Credentials { user: text("username"), password: text("password") };
        assert!(server.signs_in(&current, &app.database).await, "{function}");
        secret = value;
    }
    ROTATIONS
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_rotated_through_the_deployed_functions() {
    let ministack = MiniStack::start().await;
    let access_keys = vec![ministack.access_key().clone()];
    let local = start_local_aws(Options { access_keys, attempts: 1, ..Options::default() }).await;
    let build = build(&ministack).await;
    let outputs = deploy(&ministack, &local, &format!("{build}/template.yaml"), ("rotate", &[])).await;
    local.set_lambda_url(&ministack.url());
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let mysql = MySql::shared(MySqlVersion::MySql97).await;
    let mut rotations = 0;
    // Any number of secrets: two are attached to the first function.
    for function in ["postgres-single-user", "postgres-single-user", "postgres-alternating-users"] {
        let app = App::create(postgres, "deployed").await;
        rotations += rotate(&local, &outputs, postgres, app, ("rotate", function)).await;
    }
    let mysql_app = async |function: &str| {
        let app = mysql.create_app("deployed").await;
        if function == "mysql-dual-password" {
            mysql.allow_two_passwords(&app).await;
        }
        app
    };
    for function in ["mysql-single-user", "mysql-alternating-users", "mysql-dual-password"] {
        let app = mysql_app(function).await;
        rotations += rotate(&local, &outputs, mysql, app, ("rotate", function)).await;
    }

    let folder = package(&ministack, &build).await;
    let function = "mysql-dual-password";
    let template = format!("{folder}/{function}-{ARCHITECTURE}.yaml");
    let outputs = deploy(&ministack, &local, &template, ("packaged", &[])).await;
    assert!(outputs.iter().all(|output| output["OutputKey"] != "MySqlSingleUserArn"), "{outputs:?}");
    rotations += rotate(&local, &outputs, mysql, mysql_app(function).await, ("packaged", function)).await;

    let function = "postgres-single-user";
    let template = format!("{folder}/{function}-{ARCHITECTURE}.yaml");
    let parameters = ["PromoteInSetSecret=true", "Diagnosis=true", "Timeout=15"];
    let outputs = deploy(&ministack, &local, &template, ("early", &parameters)).await;
    local.clear_calls();
    let app = App::create(postgres, "deployed").await;
    let secret = format!("{function}/{}", app.user());
    rotations += rotate(&local, &outputs, postgres, app, ("early", function)).await;
    let promoted = local.calls().into_iter().filter(|call| call.operation == "UpdateSecretVersionStage");
    assert_eq!(promoted.count(), ROTATIONS);
    // createSecret, setSecret and testSecret, and finishSecret, which only looks.
    let described = local.calls().into_iter().filter(|call| call.operation == "DescribeSecret");
    assert_eq!(described.count(), ROTATIONS * 4);
    the_doctors_command_gives_a_deployed_function_more_time(&ministack, postgres, &secret).await;
    say(&format!("deployed functions: {rotations} rotations, 0 failed"));
}

/// A diagnosis of the secret that "early" rotates, by what docs/doctor.md says, before and after its command.
async fn the_doctors_command_gives_a_deployed_function_more_time(
    ministack: &MiniStack,
    server: &Postgres,
    secret: &str,
) {
    let mut desk = Desk::at(&ministack.url(), server);
    desk.environment.push(("AWS_ACCESS_KEY_ID", "test".into()));
    let event = json!({"Diagnose": {"SecretId": secret}}).to_string();
    std::fs::write(desk.folder.path().join("event.json"), event).expect("a file");
    let diagnose = async || {
        desk.shell(
            "aws lambda invoke --function-name early-postgres-single-user --cli-read-timeout 0 --payload file://event.json \
             report.json",
        )
        .await;
        let report = std::fs::read_to_string(desk.folder.path().join("report.json")).expect("a report");
        serde_json::from_str::<Value>(&report).expect("JSON")
    };
    let report = diagnose().await;
    assert_eq!(report["Worst"], "function", "{report:#}");
    let next = report["Next"].as_str().expect("a command");
    desk.shell(next.strip_prefix("run ").expect("a command")).await;
    let report = diagnose().await;
    assert_eq!((&report["Worst"], &report["Status"]), (&Value::Null, &json!("pass")), "{report:#}");
}

/// Past the test runner, which shows what a test prints only if it fails.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error is there");
}
