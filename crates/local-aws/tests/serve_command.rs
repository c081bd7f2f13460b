//! `local-aws serve`, started as a program.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;

use crate::support::{KEY, call};

/// A server in a process of its own, and what it printed at its start. The process ends when this is dropped.
struct Served {
    process: Child,
    printed: Vec<String>,
}

impl Served {
    fn start(key: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
        command.args(["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env_remove("LOCAL_AWS_ACCESS_KEY").envs(key.map(|key| ("LOCAL_AWS_ACCESS_KEY", key)));
        let mut process = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut printed: Vec<String> = Vec::new();
        while printed.iter().filter(|line| line.contains("AWS_ENDPOINT_URL_RDS")).count() < 2 {
            printed.push(lines.next().expect("more lines").expect("a line"));
        }
        Served { process, printed }
    }

    fn url(&self) -> &str {
        let word = |word: &&str| word.starts_with("http://127.0.0.1:");
        self.printed[0].split([' ', ',']).find(word).expect("a URL")
    }

    /// The lines to paste, in their two groups: for the other commands and SDKs, and for functions.
    fn pasted(&self) -> [String; 2] {
        let text = self.printed.join("\n");
        let (commands, functions) = text.split_once("\nIn terminals for functions").expect("two groups");
        [commands, functions].map(|group| {
            let lines = group.lines().filter(|line| line.starts_with("  export "));
            lines.map(|line| format!("{line}\n")).collect()
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

/// Runs lines of a shell in an environment that has only this key of our variables.
fn shell(lines: &str, key: Option<&str>) -> Output {
    let mut command = Command::new("sh");
    command.args(["-euc", lines]).env_clear().envs(key.map(|key| ("LOCAL_AWS_ACCESS_KEY", key)));
    command.env("local_aws", env!("CARGO_BIN_EXE_local-aws"));
    command.output().expect("a shell")
}

const CREATE_AND_SHOW: &str = "echo hunter2 | \"$local_aws\" create app; \"$local_aws\" show app";

#[test]
fn the_lines_that_serve_prints_are_sufficient_for_other_terminals() {
    let served = Served::start(None);
    let [commands, functions] = served.pasted();
    let ran = shell(&(commands + CREATE_AND_SHOW), None);
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && out.contains("yes    AWSCURRENT"), "{ran:?}");

    let names = "$AWS_REGION $AWS_DEFAULT_REGION $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY \
                 $SECRETS_MANAGER_ENDPOINT $AWS_ENDPOINT_URL_RDS";
    let ran = shell(&format!("{functions}echo {names}"), None);
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    let [region, default_region, key, _, secrets_manager, rds] =
        out.split_whitespace().collect::<Vec<_>>()[..]
    else {
        panic!("{ran:?}");
    };
    assert_eq!([region, default_region], ["us-east-1"; 2], "boto3 reads the second alone");
    assert_eq!([secrets_manager, rds], [served.url(); 2]);
    let read = shell(
        &format!("export LOCAL_AWS_ENDPOINT={rds} LOCAL_AWS_ACCESS_KEY={key}\n\"$local_aws\" show app"),
        None,
    );
    assert!(read.status.success(), "{read:?}");
}

#[tokio::test]
async fn a_key_from_the_environment_is_required_and_not_printed() {
    let served = Served::start(Some(KEY.expose()));
    assert_eq!(call(served.url(), "ListSecrets", json!({})).await, Ok(json!({"SecretList": []})));
    assert!(!served.printed.join("").contains(KEY.expose()), "{:?}", served.printed);
    let [commands, functions] = served.pasted();
    let same = "[ \"$AWS_ACCESS_KEY_ID\" = \"$LOCAL_AWS_ACCESS_KEY\" ]\n";
    let ran = shell(&format!("{commands}{same}{CREATE_AND_SHOW}"), Some(KEY.expose()));
    assert!(ran.status.success(), "{ran:?}");
    let ran = shell(&format!("{commands}{functions}! {same}"), Some(KEY.expose()));
    assert!(ran.status.success(), "functions have another key: {ran:?}");
}

#[test]
fn the_key_is_neither_an_argument_nor_in_the_help() {
    let served = Served::start(Some(KEY.expose()));
    let line = std::fs::read(format!("/proc/{}/cmdline", served.process.id())).expect("the kernel's view");
    assert!(!String::from_utf8_lossy(&line).contains(KEY.expose()));
    for command in ["serve", "show", "create", "rotate", "calls"] {
        let help = Command::new(env!("CARGO_BIN_EXE_local-aws"))
            .args([command, "--help"])
            .env("LOCAL_AWS_ACCESS_KEY", KEY.expose())
            .output()
            .expect("the binary runs");
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.contains("Usage: ") && !help.contains("--access-key"), "{help}");
        assert!(!help.contains(KEY.expose()), "{help}");
    }
}

#[test]
fn a_malformed_key_is_refused_without_being_printed() {
    for key in ["", "hunter_2_hunter", "hunter2 hunter2 hunter2", "hunter2/hunter2/hunter2"] {
        for command in [&["serve", "--address", "0.0.0.0"][..], &["show", "app"]] {
            // This address is refused as well: otherwise the test would not end if `serve` accepted the key.
            let refused = Command::new(env!("CARGO_BIN_EXE_local-aws"))
                .args(command)
                .env("LOCAL_AWS_ACCESS_KEY", key)
                .output()
                .expect("the binary ends");
            let error = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(1), "{key} {error}");
            assert!(
                error.contains("LOCAL_AWS_ACCESS_KEY is not an access key") && !error.contains("hunter"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_command_without_a_key_says_which_variable_to_set() {
    let failed = shell("\"$local_aws\" show app", None);
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(error.contains("LOCAL_AWS_ACCESS_KEY is not set: copy its `export` line"), "{error}");
}
