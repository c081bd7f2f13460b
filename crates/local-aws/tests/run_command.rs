//! `local-aws run`, started as a program: what it shows, stores and leaves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::{FUNCTION, Folder, run_at, text};

#[test]
fn each_step_is_shown_with_the_versions_after_it_and_nothing_is_left() {
    let folder = Folder::new();
    let ran = folder.rotate(&["--rotations", "2"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let steps = ["createSecret", "setSecret", "testSecret", "finishSecret"];
    assert_eq!(ran.steps(), [steps, steps].concat());
    assert!(ran.out.contains("function, secret app: rotation 2 of 2\n"), "{}", ran.out);
    assert!(ran.out.contains("It is lost when"), "{}", ran.out);
    let rows: Vec<Vec<&str>> = ran
        .out
        .lines()
        .filter(|line| line.contains("Secret "))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let [created, .., finished] = &rows[..4] else { panic!("{rows:?}") };
    let (old, new) = (created[3], created[5]);
    assert_eq!(created[2..], ["-", old, "shop", new, "shop"], "the pending version has a value");
    assert_eq!(finished[2..], [old, "shop", new, "shop", new, "shop"], "AWSCURRENT has moved");
    assert!(ran.out.contains("at most ") && ran.out.contains(" of 128 MB of memory"), "{}", ran.out);
    assert_eq!(folder.left().len(), 2, "{:?}", folder.left());
}

#[test]
fn a_step_that_fails_is_shown_with_its_error_and_the_end_of_the_functions_output() {
    let ran = Folder::new().rotate(&["--env", "BEHAVIOUR=fail setSecret"]);
    ran.failed_with("ValueError: it fails \\u001b[2J");
    assert!(ran.out.contains("  | a line\n  | the last line \\u001b[2J\n"), "{}", ran.out);
    assert_eq!(ran.steps(), ["createSecret", "setSecret"]);
}

#[test]
fn a_rotation_is_attempted_as_often_as_asked_for() {
    let ran = Folder::new().rotate(&["--env", "BEHAVIOUR=fail createSecret", "--attempts", "3"]);
    assert_eq!((ran.status, ran.steps()), (Some(1), vec!["createSecret"; 3]), "{ran:?}");
    assert_eq!(ran.out.matches("-- another attempt").count(), 2, "{}", ran.out);
    assert_eq!(ran.out.matches("  | a line\n").count(), 3, "each shows its own output: {}", ran.out);
}

#[test]
fn no_immediately_only_calls_test_secret() {
    let ran = Folder::new().rotate(&["--no-immediately"]);
    assert_eq!((ran.status, ran.steps()), (Some(0), vec!["testSecret"]), "{ran:?}");
    assert!(!ran.out.contains("It is lost when"), "{}", ran.out);
}

#[test]
fn a_state_file_keeps_the_secret_for_the_next_command_which_rotates_it_on() {
    let folder = Folder::new();
    let ran = folder.rotate(&["--state", "state.json", "--env", "BEHAVIOUR=fail testSecret"]);
    ran.failed_with("ValueError: it fails");
    assert!(ran.out.contains("real values, in clear") && !ran.out.contains("It is lost when"), "{}", ran.out);
    let mode = fs::metadata(folder.path("state.json")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Not read any more: its password is older than the one that is kept.
    fs::remove_file(folder.path("app.json")).expect("a file");
    let ran = folder.rotate(&["--state", "state.json", "--rotations", "2"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("the state file has the secret app already: that one is rotated"),
        "{}",
        ran.out
    );
    assert_eq!(ran.out.matches("An earlier rotation is not complete").count(), 1, "{}", ran.out);
    assert_eq!(ran.steps().len(), 8, "{ran:?}");
}

#[test]
fn the_superusers_secret_is_stored_first_and_named_in_the_secret() {
    let folder = Folder::new();
    fs::write(folder.path("admin.json"), "{\"username\":\"admin\",\"password\":\"hunter2\"}")
        .expect("a file");
    // Fails with the superuser's name, which it reads by the ARN in the secret.
    let read = "value = json.loads(secrets_manager('GetSecretValue', {'SecretId': event['SecretId']})['SecretString'])
            admin = json.loads(secrets_manager('GetSecretValue', {'SecretId': value['masterarn']})['SecretString'])
            raise ValueError(admin['username'], [key for key in value])";
    folder.program("function/bootstrap", &FUNCTION.replace("return rotate(event)", read));
    let ran = folder.rotate(&["--superuser", "admin.json"]);
    ran.failed_with("ValueError: ('admin', ['username', 'password', 'masterarn'])");
    fs::write(folder.path("app.json"), "{\"username\":\"shop\",\"masterarn\":\"admin\"}").expect("a file");
    let ran = folder.rotate(&["--superuser", "admin.json"]);
    ran.failed_with("ValueError: ('admin', ['username', 'masterarn'])");
    assert!(!ran.out.contains("masterarn was replaced"), "{}", ran.out);
    let of_aws = "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-a1B2c3";
    fs::write(folder.path("app.json"), format!("{{\"masterarn\":\"{of_aws}\",\"username\":\"shop\"}}"))
        .expect("a file");
    let ran = folder.rotate(&["--superuser", "admin.json"]);
    ran.failed_with("ValueError: ('admin', ['masterarn', 'username'])");
    assert!(ran.out.contains("masterarn was replaced"), "{}", ran.out);
    fs::write(folder.path("app.json"), "hunter2").expect("a file");
    let ran = folder.rotate(&["--superuser", "admin.json"]);
    assert!(ran.status == Some(1) && ran.err.contains("app.json is not an object"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_keeps_everything_up_and_ends_at_sigint() {
    let folder = Folder::new();
    let arguments = ["--function", "function", "--secret", "app.json", "--watch"];
    let mut child =
        folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut printed: Vec<String> = Vec::new();
    while !printed.last().is_some_and(|line| line.contains("local-aws show SECRET")) {
        printed.push(lines.next().expect("more lines").expect("a line"));
    }
    let value = |name: &str| {
        let line = printed.iter().find_map(|line| line.trim().strip_prefix(&format!("export {name}=")));
        line.expect("an export").to_owned()
    };
    let (url, key) = (value("LOCAL_AWS_ENDPOINT"), value("LOCAL_AWS_ACCESS_KEY"));
    let command = printed.iter().find_map(|line| line.trim().strip_prefix("local-aws rotate SECRET "));
    let command = format!("rotate app {}", command.expect("a command"));
    let mut rotate = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    rotate.args(command.split(' ')).env("LOCAL_AWS_ENDPOINT", &url).env("LOCAL_AWS_ACCESS_KEY", key);
    let rotated = rotate.output().expect("it runs");
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    let mut more = String::new();
    while !more.contains("finishSecret") {
        more += &(lines.next().expect("more lines").expect("a line") + "\n");
    }
    assert!(more.contains("function, secret app: rotation 2\n"), "{more}");
    let interrupted = Command::new("sh").args(["-c", &format!("kill -s INT {}", child.id())]).status();
    assert!(interrupted.expect("sh runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let gone = run_at(&url, &["show", "app"], "").await;
    assert!(text(&gone.stderr).contains("cannot reach local-aws"), "{}", text(&gone.stderr));
    assert_eq!(folder.left().len(), 2, "{:?}", folder.left());
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    for arguments in [
        &["--secret", "app.json"][..],
        &["--function", "function"],
        &["--function", "function", "--secret", "app.json", "--memory", "64"],
        &["--function", "function", "--secret", "app.json", "--timeout", "0"],
        &["--function", "function", "--secret", "app.json", "--rotations", "0"],
        &["--function", "function", "--secret", "app.json", "--env", "hunter"],
        &["--function", "function", "--secret", "app.json", "--hand-over", "other"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
    }
    let help = folder.run(&["--help"]);
    for text in ["The rotation is real", "target/debug/NAME", "--command <LINE>", "Examples:"] {
        assert!(help.out.contains(text), "{text} in {}", help.out);
    }
}
