//! The template, deployed by `sam deploy`, and secrets rotated through the deployed functions.

use std::io::Write as _;

use local_aws::{LocalAws, Options};
use serde_json::{Value, json};
use testbed::{
    App, Credentials, MiniStack, MySql, MySqlVersion, Postgres, Server, authority, postgres_versions,
    secrets_manager, start_local_aws, store,
};

/// How often each secret is rotated.
const ROTATIONS: usize = 3;

/// A stack with the functions, which speak to `local` as their Secrets Manager. Answers its outputs.
async fn deploy(ministack: &MiniStack, local: &LocalAws) -> Vec<Value> {
    let build = ministack.path("build");
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let architecture = format!("Architecture={architecture}");
    let (base, built) =
        (testbed::environment::repository().display().to_string(), format!("{build}/template.yaml"));
    say("sam build: the five functions");
    let words = ["build", "--template", "template.yaml", "--base-dir", &base, "--build-dir", &build];
    ministack.sam(&[&words[..], &["--parameter-overrides", &architecture]].concat()).await;

    let authority = ministack.give("authority.pem", authority::pem());
    let (endpoint, ca_file) =
        (format!("SecretsManagerEndpoint={}", local.url()), format!("CaFile={authority}"));
    say(&format!("sam deploy: to {}", ministack.url()));
    let words = ["deploy", "--template-file", &built, "--stack-name", "rotation", "--region", "us-east-1"];
    let how =
        ["--s3-bucket", ministack.bucket(), "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"];
    let parameters = ["--parameter-overrides", &architecture, &endpoint, &ca_file, "LogLevel=TRACE"];
    ministack.sam(&[&words[..], &how, &parameters].concat()).await;
    let words =
        ["list", "stack-outputs", "--stack-name", "rotation", "--region", "us-east-1", "--output", "json"];
    serde_json::from_str(&ministack.sam(&words).await).expect("JSON")
}

/// Rotates the secret of an application through a deployed function. Answers how many rotations there were.
async fn rotate<S: Server>(
    local: &LocalAws,
    outputs: &[Value],
    server: &S,
    app: App,
    function: &str,
) -> usize {
    let id: String = function.split('-').map(capital).collect();
    let key = format!("{}Arn", id.replace("Mysql", "MySql"));
    let output = outputs.iter().find(|output| output["OutputKey"] == key.as_str());
    let arn = output.and_then(|output| output["OutputValue"].as_str()).expect("the function is an output");
    assert!(arn.ends_with(&format!(":function:rotate-{function}")), "{arn}");

    let client = secrets_manager(&local.url());
    let mut secret = app.secret(server);
    if function.ends_with("alternating-users") {
        let superuser = server.superuser_secret().await;
        secret["masterarn"] = json!(store(&client, &format!("superuser/{function}"), &superuser).await);
    }
    let id = store(&client, function, &secret).await;
    for _ in 0..ROTATIONS {
        let call = client.rotate_secret().secret_id(&id).rotation_lambda_arn(arn);
        let answer = call.send().await.expect("RotateSecret is accepted");
        let version = answer.version_id().expect("RotateSecret answers a version");
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

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_rotated_through_the_deployed_functions() {
    let ministack = MiniStack::start().await;
    let access_keys = vec![ministack.access_key().clone()];
    let local = start_local_aws(Options { access_keys, attempts: 1, ..Options::default() }).await;
    let outputs = deploy(&ministack, &local).await;
    local.set_lambda_url(&ministack.url());
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let mysql = MySql::shared(MySqlVersion::MySql97).await;
    let mut rotations = 0;
    for function in ["postgres-single-user", "postgres-alternating-users"] {
        let app = App::create(postgres, "deployed").await;
        rotations += rotate(&local, &outputs, postgres, app, function).await;
    }
    for function in ["mysql-single-user", "mysql-alternating-users", "mysql-dual-password"] {
        let app = mysql.create_app("deployed").await;
        if function == "mysql-dual-password" {
            mysql.allow_two_passwords(&app).await;
        }
        rotations += rotate(&local, &outputs, mysql, app, function).await;
    }
    say(&format!("deployed functions: {rotations} rotations, 0 failed"));
}

/// Past the test runner, which shows what a test prints only if it fails.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error is there");
}
