//! The file of `--state`: what it keeps, what it refuses, and what is in it when the server is killed.

use std::fs::{Permissions, read, write};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use local_aws::{LocalAws, Options, StartError, StateError};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{Aws, Function, KEY, Refused, Reply, call, id};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secrets.json");
    (directory, path)
}

fn options(path: &Path) -> Options {
    Options { state: Some(path.to_owned()), pause: Duration::from_millis(1), ..Options::default() }
}

async fn start(path: &Path) -> Aws {
    Aws::start_with(options(path)).await
}

async fn refusal(path: &Path) -> StateError {
    match LocalAws::start(options(path)).await {
        Err(StartError::State(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("a file").permissions().mode() & 0o777
}

/// All that the operations show of the secrets.
async fn shown(aws: &Aws) -> Vec<Json> {
    let mut shown = Vec::new();
    let list = aws.ok("ListSecrets", json!({"IncludePlannedDeletion": true})).await;
    for secret in list["SecretList"].as_array().expect("a list") {
        let secret = json!({"SecretId": secret["ARN"]});
        shown.push(aws.ok("DescribeSecret", secret.clone()).await);
        shown.push(aws.call("GetSecretValue", secret.clone()).await.unwrap_or_default());
        shown.push(aws.call("ListSecretVersionIds", secret.clone()).await.unwrap_or_default());
        shown.push(aws.call("GetResourcePolicy", secret).await.unwrap_or_default());
    }
    shown
}

#[tokio::test]
async fn a_server_has_the_secrets_of_the_one_before_it() {
    let (_directory, path) = directory();
    let aws = start(&path).await;
    aws.create("app", "one", 1).await;
    aws.put(2, "two", &["AWSPENDING", "mine"]).await.expect("a put");
    let tags = json!([{"Key": "k", "Value": "v"}]);
    let create = json!({
        "Name": "binary", "SecretBinary": "AAEC", "ClientRequestToken": id(1), "Description": "d", "KmsKeyId": "alias/k",
        "Tags": tags,
    });
    aws.ok("CreateSecret", create).await;
    aws.ok("CreateSecret", json!({"Name": "empty", "ClientRequestToken": id(1)})).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "*", "Resource": "*",
    }]});
    aws.ok("PutResourcePolicy", json!({"SecretId": "binary", "ResourcePolicy": policy.to_string()})).await;
    let regions = json!({"SecretId": "binary", "AddReplicaRegions": [{"Region": "eu-west-1"}]});
    aws.ok("ReplicateSecretToRegions", regions).await;
    aws.create("deleted", "gone", 1).await;
    aws.ok("DeleteSecret", json!({"SecretId": "deleted", "RecoveryWindowInDays": 7})).await;
    shown(&aws).await;
    // The first time sets the dates of access.
    let before = shown(&aws).await;
    drop(aws);
    let aws = start(&path).await;
    assert_eq!(shown(&aws).await, before);
    assert!(before.len() == 16 && before.iter().any(|shown| shown["SecretBinary"] == "AAEC"), "{before:?}");
}

#[tokio::test]
async fn without_the_option_nothing_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    command.current_dir(&directory);
    let served = Served::start(command);
    create(&served.url, "app", "one").await;
    drop(served);
    assert_eq!(directory.path().read_dir().expect("a directory").count(), 0);
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    let (directory, path) = directory();
    let aws = start(&path).await;
    for digit in 1..4 {
        aws.create(&format!("app{digit}"), "one", digit).await;
        assert_eq!(mode(&path), 0o600);
    }
    for entry in directory.path().read_dir().expect("a directory") {
        assert_eq!(mode(&entry.expect("a file").path()), 0o600);
    }
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused_and_stays_as_it_is() {
    let (_directory, path) = directory();
    drop(start(&path).await);
    let before = read(&path).expect("a file");
    for mode in [0o640, 0o604, 0o660, 0o610] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("a file");
        let error = refusal(&path).await;
        assert!(matches!(error, StateError::Shared { mode: found, .. } if found == mode), "{error:?}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    assert_eq!(read(&path).expect("a file"), before);
}

#[tokio::test]
async fn a_file_that_is_not_ours_or_is_damaged_is_refused_and_stays_as_it_is() {
    let (_directory, path) = directory();
    let aws = start(&path).await;
    aws.create("app", "hunter2", 1).await;
    drop(aws);
    let good = String::from_utf8(read(&path).expect("a file")).expect("UTF-8");
    let cut = &good[..good.len() - 20];
    for (content, expected) in [
        ("", "not a state file of local-aws"),
        ("[]", "not a state file of local-aws"),
        (r#"{"format":"other","version":1}"#, "not a state file of local-aws"),
        ("-----BEGIN PRIVATE KEY-----", "not a state file of local-aws"),
        (cut, "is damaged at line 1, column "),
        (&good.replace("hunter2", "hunter2\n"), "is damaged at line 1, column "),
        (&good.replacen("\"versions\"", "\"other\"", 1), "is damaged at line 1, column "),
        (&good.replace("\"version\":1", "\"version\":2"), "has format 2"),
        (&good.replacen("\"123456789012\"", "\"999999999999\"", 1), "are of account 999999999999"),
    ] {
        write(&path, content).expect("a file");
        let error = refusal(&path).await.to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        assert_eq!(read(&path).expect("a file"), content.as_bytes());
    }
    write(&path, good).expect("a file");
    start(&path).await.ok("GetSecretValue", json!({"SecretId": "app"})).await;
}

#[tokio::test]
async fn a_path_that_is_no_regular_file_is_refused() {
    let (directory, path) = directory();
    let target = directory.path().join("target");
    drop(start(&target).await);
    symlink(&target, &path).expect("a link");
    assert!(matches!(refusal(&path).await, StateError::NotAFile(_)));
    assert!(matches!(refusal(directory.path()).await, StateError::NotAFile(_)));
    let error = refusal(&directory.path().join("none/state")).await;
    assert!(matches!(error, StateError::Open { .. }), "{error:?}");
}

#[tokio::test]
async fn a_link_at_the_name_of_the_new_file_is_not_followed() {
    let (directory, path) = directory();
    let target = directory.path().join("target");
    symlink(&target, directory.path().join("secrets.json.new")).expect("a link");
    start(&path).await.create("app", "one", 1).await;
    assert!(path.exists() && !target.exists());
}

#[tokio::test]
async fn a_second_server_with_the_same_file_is_refused() {
    let (_directory, path) = directory();
    let aws = start(&path).await;
    assert!(matches!(refusal(&path).await, StateError::Locked(_)));
    let out = Command::new(env!("CARGO_BIN_EXE_local-aws"))
        .args(["serve", "--port", "0", "--state"])
        .arg(&path)
        .output()
        .expect("the binary ends");
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(error.contains("another local-aws uses the state file") && !out.status.success(), "{error}");
    drop(aws);
    start(&path).await;
}

#[tokio::test]
async fn an_unfinished_rotation_is_run_again_by_the_next_server() {
    let (_directory, path) = directory();
    let aws = start(&path).await;
    aws.create("app", "one", 1).await;
    let function = Function::start(&aws.server.url(), [Reply::Works, Reply::Hangs]).await;
    aws.server.set_lambda_url(&function.url);
    let rules = json!({"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"});
    let rotate = |digit| {
        let token = id(digit);
        json!({
            "SecretId": "app", "ClientRequestToken": token, "RotationLambdaARN": FUNCTION, "RotationRules": rules,
        })
    };
    aws.ok("RotateSecret", rotate(2)).await;
    while function.steps().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(aws);
    let aws = start(&path).await;
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    for member in ["ScheduleExpression", "Duration"] {
        assert_eq!(description["RotationRules"][member], rules[member]);
    }
    let function = Function::start(&aws.server.url(), []).await;
    aws.server.set_lambda_url(&function.url);
    let refused: Refused = aws.call("RotateSecret", rotate(3)).await.expect_err("a refusal");
    assert_eq!(refused.message, "A previous rotation isn't complete. That rotation will be reattempted.");
    assert!(aws.server.rotated("app", &id(2)).await.succeeded);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT", "AWSPENDING"]}));
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_an_error_until_it_can() {
    let (directory, path) = directory();
    let aws = start(&path).await;
    aws.create("app", "one", 1).await;
    // A directory in the place of the new file: also root cannot write it.
    let obstacle = directory.path().join("secrets.json.new");
    std::fs::create_dir(&obstacle).expect("a directory");
    let refused = aws.put(2, "two", &["AWSCURRENT"]).await.expect_err("an error");
    assert_eq!((refused.status, refused.code.as_str()), (500, "InternalServiceError"));
    assert!(
        aws.call("GetSecretValue", json!({"SecretId": "app"})).await.is_err(),
        "the value is not on disk"
    );
    std::fs::remove_dir(&obstacle).expect("a directory");
    aws.put(2, "two", &["AWSCURRENT"]).await.expect("a repeated put");
    drop(aws);
    let aws = start(&path).await;
    assert_eq!(aws.ok("GetSecretValue", json!({"SecretId": "app"})).await["SecretString"], "two");
}

/// A server in a process of its own, which is killed when this is dropped.
struct Served {
    process: Child,
    url: String,
    printed: Vec<String>,
}

impl Served {
    fn with_state(path: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
        command.args(["serve", "--port", "0", "--state"]).arg(path);
        Served::spawn(command)
    }

    fn start(mut command: Command) -> Self {
        command.args(["serve", "--port", "0"]);
        Served::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.env("LOCAL_AWS_ACCESS_KEY", KEY.expose()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut printed: Vec<String> = Vec::new();
        while printed.iter().filter(|line| line.contains("AWS_ENDPOINT_URL_RDS")).count() < 2 {
            printed.push(lines.next().expect("more lines").expect("a line"));
        }
        let word = printed[0].split([' ', ',']).find(|word| word.starts_with("http://127.0.0.1:"));
        let url = word.expect("a URL").to_owned();
        Served { process, url, printed }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // SIGKILL.
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

async fn create(url: &str, name: &str, value: &str) -> Json {
    let request = json!({"Name": name, "SecretString": value, "ClientRequestToken": id(1)});
    call(url, "CreateSecret", request).await.expect("a secret")
}

#[tokio::test]
async fn serve_says_that_the_values_are_in_clear_at_its_start_and_in_its_help() {
    let (_directory, path) = directory();
    let served = Served::with_state(&path);
    let printed = served.printed.join("\n");
    assert!(printed.contains("secrets.json keeps the secrets: real values, in clear"), "{printed}");
    let out: Output =
        Command::new(env!("CARGO_BIN_EXE_local-aws")).args(["serve", "--help"]).output().expect("help");
    let help = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(help.contains("REAL VALUES IN CLEAR") && help.contains("mode 0600"), "{help}");
}

/// Puts versions without a pause until the server is killed; returns how many puts it confirmed.
async fn put_until_killed(url: String, first: u32) -> u32 {
    for number in first.. {
        let put = json!({"SecretId": "app", "SecretString": format!("{number}"), "ClientRequestToken": token(number)});
        if !confirmed(&url, put).await {
            return number - 1;
        }
    }
    0
}

fn token(number: u32) -> String {
    format!("{number:032}")
}

async fn confirmed(url: &str, put: Json) -> bool {
    use crate::support::{send, signed};
    send(signed(url, "PutSecretValue", put)).await.is_ok_and(|response| response.status() == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_leaves_the_state_before_a_change_or_after_it() {
    let (_directory, path) = directory();
    let served = Served::with_state(&path);
    // Long enough that a write takes several system calls.
    create(&served.url, "other", &"x".repeat(60_000)).await;
    create(&served.url, "app", "0").await;
    drop(served);
    let mut first = 1;
    for round in 0..25_u64 {
        let served = Served::with_state(&path);
        let puts = tokio::spawn(put_until_killed(served.url.clone(), first));
        // Only spreads the moments; any moment is a good one.
        tokio::time::sleep(Duration::from_micros(3_000 + 1_700 * round)).await;
        drop(served);
        let last = puts.await.expect("no panic");
        let served = Served::with_state(&path);
        let ask = |operation: &'static str| call(&served.url, operation, json!({"SecretId": "app"}));
        let value = ask("GetSecretValue").await.expect("a value")["SecretString"].clone();
        let found: u32 = value.as_str().and_then(|value| value.parse().ok()).expect("a number");
        assert!(found == last || found == last + 1, "round {round}: {last} was confirmed, {found} is there");
        let stages = ask("DescribeSecret").await.expect("a secret")["VersionIdsToStages"].clone();
        if found > 1 {
            assert_eq!(stages, json!({token(found - 1): ["AWSPREVIOUS"], token(found): ["AWSCURRENT"]}));
        }
        let other = call(&served.url, "GetSecretValue", json!({"SecretId": "other"})).await.expect("a value");
        assert_eq!(other["SecretString"].as_str().map(str::len), Some(60_000));
        first = found + 1;
    }
    assert!(first > 10, "too few puts to tell: {first}");
}

#[tokio::test]
async fn a_test_of_rotation_that_the_server_did_not_end_is_no_unfinished_rotation() {
    let (_directory, path) = directory();
    let aws = start(&path).await;
    aws.create("app", "one", 1).await;
    let function = Function::start(&aws.server.url(), [Reply::Hangs]).await;
    aws.server.set_lambda_url(&function.url);
    aws.test_rotation(2).await;
    drop(aws);
    let aws = start(&path).await;
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    let function = Function::start(&aws.server.url(), []).await;
    aws.server.set_lambda_url(&function.url);
    aws.ok("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    assert!(aws.server.rotated("app", &id(3)).await.succeeded);
    assert_eq!(aws.ok("GetSecretValue", json!({"SecretId": "app"})).await["SecretString"], "rotated");
}
