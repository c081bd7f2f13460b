//! The events that `EventBridge` would get.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use local_aws::{EventOutput, FunctionErrorKind, Options};
use serde_json::{Value as Json, json};

use crate::support::{Aws, FUNCTION_KEY, Function, KEY, Reply, call_as, id, run, text};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

async fn with_function(attempts: u32, replies: impl IntoIterator<Item = Reply>) -> (Aws, Function) {
    let options = Options { attempts, pause: Duration::from_millis(1), ..Options::default() };
    let aws = Aws::start_with(options).await;
    aws.create("app", "hunter2", 1).await;
    let function = Function::start(&aws.server.url(), replies).await;
    aws.server.set_lambda_url(&function.url);
    (aws, function)
}

/// Rotates, or only tests, and waits for the end.
async fn rotate(aws: &Aws, digit: u32, immediately: bool) {
    let request = json!({
        "SecretId": "app",
        "ClientRequestToken": id(digit),
        "RotationLambdaARN": FUNCTION,
        "RotateImmediately": immediately,
    });
    aws.ok("RotateSecret", request).await;
    aws.server.rotated("app", &id(digit)).await;
}

fn failure() -> Reply {
    Reply::Fails(200, true, json!({"errorType": "Refused", "errorMessage": "hunter2 does not sign in"}))
}

fn names(events: &[Json]) -> Vec<&str> {
    events.iter().map(|event| event["detail"]["eventName"].as_str().expect("a name")).collect()
}

fn error(event: &Json) -> &str {
    event["detail"]["errorMessage"].as_str().expect("a message")
}

#[tokio::test]
async fn a_rotation_emits_its_beginning_each_failed_attempt_and_its_success() {
    let (aws, _function) = with_function(3, [Reply::Works, failure(), failure()]).await;
    rotate(&aws, 2, true).await;
    let events = aws.server.events();
    assert_eq!(names(&events), ["RotationStarted", "RotationFailed", "RotationFailed", "RotationSucceeded"]);
    assert_eq!(error(&events[1]), format!("Error when executing lambda {FUNCTION} during setSecret step"));
    assert_eq!(error(&events[2]), format!("Error when executing lambda {FUNCTION} during createSecret step"));
    let arn = &aws.ok("DescribeSecret", json!({"SecretId": "app"})).await["ARN"];
    let request = format!("Rotation-{}-{}", arn.as_str().expect("an ARN"), id(2));
    for event in &events {
        assert_eq!(event["detail"]["additionalEventData"], json!({"SecretId": arn}));
        assert_eq!(event["detail"]["requestID"], request);
        assert_eq!(event["source"], "aws.secretsmanager");
        assert_eq!(event["detail-type"], "AWS Service Event via CloudTrail");
        assert_eq!((&event["account"], &event["region"]), (&json!("123456789012"), &json!("us-east-1")));
    }
}

#[tokio::test]
async fn a_rotation_that_fails_in_every_attempt_emits_no_success() {
    let (aws, _function) = with_function(2, vec![failure(); 2]).await;
    rotate(&aws, 2, true).await;
    assert_eq!(names(&aws.server.events()), ["RotationStarted", "RotationFailed", "RotationFailed"]);
    // It is run again by a RotateSecret, which is refused.
    let again = json!({"SecretId": "app", "ClientRequestToken": id(3)});
    aws.code("RotateSecret", again).await;
    aws.server.rotated("app", &id(2)).await;
    assert_eq!(names(&aws.server.events())[3..], ["RotationStarted", "RotationSucceeded"]);
}

#[tokio::test]
async fn a_test_without_a_rotation_emits_events_of_its_own() {
    let (aws, _function) = with_function(5, [failure()]).await;
    rotate(&aws, 2, false).await;
    rotate(&aws, 3, false).await;
    let events = aws.server.events();
    let expected =
        ["TestRotationStarted", "TestRotationFailed", "TestRotationStarted", "TestRotationSucceeded"];
    assert_eq!(names(&events), expected);
    assert_eq!(error(&events[1]), format!("Error when executing lambda {FUNCTION} during testSecret step"));
}

#[tokio::test]
async fn a_persons_value_emits_that_a_stuck_rotation_is_abandoned() {
    let put = json!({"SecretId": "app", "ClientRequestToken": id(3), "SecretString": "by a person"});
    for operation in ["PutSecretValue", "UpdateSecret"] {
        let (aws, _function) = with_function(1, [failure()]).await;
        rotate(&aws, 2, true).await;
        aws.ok(operation, put.clone()).await;
        let events = aws.server.events();
        assert_eq!(names(&events), ["RotationStarted", "RotationFailed", "RotationAbandoned"], "{operation}");
        let request = events[2]["detail"]["requestID"].as_str().expect("an id");
        assert!(request.ends_with(&id(2)), "{request}");
        let again = json!({"SecretId": "app", "ClientRequestToken": id(4), "SecretString": "again"});
        aws.ok(operation, again).await;
        assert_eq!(aws.server.events().len(), 3, "nothing is left to abandon");
    }
}

#[tokio::test]
async fn a_value_with_a_rotation_token_abandons_nothing() {
    let (aws, function) = with_function(1, [failure()]).await;
    rotate(&aws, 2, true).await;
    let (_, event) = function.events().pop().expect("an event");
    let put = json!({
        "SecretId": "app",
        "ClientRequestToken": id(3),
        "SecretString": "by the function",
        "RotationToken": event["RotationToken"],
    });
    aws.ok("PutSecretValue", put).await;
    assert_eq!(names(&aws.server.events()), ["RotationStarted", "RotationFailed"]);
}

#[tokio::test]
async fn a_rotation_that_is_cancelled_emits_no_failure_for_that() {
    // More attempts than there are until the cancellation.
    let (aws, _function) = with_function(100_000, vec![failure(); 100_000]).await;
    let request = json!({"SecretId": "app", "ClientRequestToken": id(2), "RotationLambdaARN": FUNCTION});
    aws.ok("RotateSecret", request).await;
    aws.ok("CancelRotateSecret", json!({"SecretId": "app"})).await;
    let rotation = aws.server.rotated("app", &id(2)).await;
    let mut steps = rotation.attempts.iter().flat_map(|attempt| &attempt.steps);
    let kinds: Vec<_> = steps.by_ref().filter_map(|step| Some(step.outcome.as_ref().err()?.kind)).collect();
    let (last, failed) = kinds.split_last().expect("an attempt");
    assert_eq!(*last, FunctionErrorKind::Cancelled);
    let events = aws.server.events();
    assert_eq!(names(&events)[1..], vec!["RotationFailed"; failed.len()]);
}

#[tokio::test]
async fn a_pending_value_of_someone_else_is_the_message_of_the_failure() {
    let options = Options { function_keys: vec![FUNCTION_KEY.clone()], attempts: 1, ..Options::default() };
    let aws = Aws::start_with(options).await;
    aws.create("app", "one", 1).await;
    // The function uses the key of everyone else, and a token that it was not sent.
    let function = Function::start(&aws.server.url(), [failure()]).await;
    aws.server.set_lambda_url(&function.url);
    rotate(&aws, 2, true).await;
    let put = json!({
        "SecretId": "app",
        "ClientRequestToken": id(2),
        "SecretString": "rotated",
        "VersionStages": ["AWSPENDING"],
    });
    call_as(&KEY, &aws.server.url(), "PutSecretValue", put).await.expect("the value is stored");
    aws.code("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    aws.server.rotated("app", &id(2)).await;
    let arn = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await["ARN"].clone();
    let events = aws.server.events();
    assert_eq!(
        error(events.last().expect("an event")),
        format!(
            "Pending secret version {} for Secret {} was not created by Lambda {FUNCTION}. Remove the AWSPENDING staging \
             label and restart rotation",
            id(2),
            arn.as_str().expect("an ARN")
        )
    );
}

/// The function's own error is in its log; a value may be in it.
#[tokio::test]
async fn no_event_has_a_value_a_token_or_a_text_of_the_function() {
    let (aws, function) = with_function(3, [failure(), Reply::Works, Reply::Works, failure()]).await;
    rotate(&aws, 2, true).await;
    rotate(&aws, 3, false).await;
    aws.put(4, "swordfish", &["AWSCURRENT"]).await.expect("a put");
    let events = Json::from(aws.server.events()).to_string();
    for text in ["hunter2", "swordfish", "rotated", "does not sign in"] {
        assert!(!events.contains(text), "{text} in {events}");
    }
    for (_, event) in function.events() {
        let token = event["RotationToken"].as_str().expect("a token");
        assert!(!events.contains(token), "{token} in {events}");
    }
}

#[tokio::test]
async fn events_are_written_to_a_file_one_a_line_after_what_is_there() {
    let folder = std::env::temp_dir().join(format!("local-aws-events-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("events.jsonl");
    std::fs::write(&file, "{}\n").expect("a file");
    let events = Some(EventOutput::File(file.clone()));
    let options = Options { attempts: 1, events, ..Options::default() };
    let aws = Aws::start_with(options).await;
    aws.create("app", "one", 1).await;
    let function = Function::start(&aws.server.url(), []).await;
    aws.server.set_lambda_url(&function.url);
    rotate(&aws, 2, true).await;
    let lines = loop {
        let text = std::fs::read_to_string(&file).expect("a text");
        if text.lines().count() == 3 && text.ends_with('\n') {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let written: Vec<Json> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON on each line")).collect();
    assert_eq!(written[0], json!({}));
    assert_eq!(written[1..], aws.server.events());
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn a_file_of_events_that_cannot_be_written_is_refused_at_the_start() {
    let events = Some(EventOutput::File("/proc/nowhere/events".into()));
    let refused = local_aws::LocalAws::start(Options { events, ..Options::default() }).await;
    let error = refused.expect_err("an error").to_string();
    assert!(error.starts_with("cannot write events to \"/proc/nowhere/events\""), "{error}");
}

#[tokio::test]
async fn the_command_prints_what_there_was() {
    let (aws, _function) = with_function(1, []).await;
    rotate(&aws, 2, true).await;
    let printed = text(&run(&aws, &["events"], "").await.stdout);
    let events: Vec<Json> =
        printed.lines().map(|line| serde_json::from_str(line).expect("JSON on each line")).collect();
    assert_eq!(events, aws.server.events());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_follows_what_happens_next() {
    let (aws, _function) = with_function(1, []).await;
    rotate(&aws, 2, true).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    command.args(["events", "--follow"]).env("LOCAL_AWS_ENDPOINT", aws.server.url());
    command.env("LOCAL_AWS_ACCESS_KEY", KEY.expose()).stdout(Stdio::piped());
    let mut follower = command.spawn().expect("the binary starts");
    let mut lines = BufReader::new(follower.stdout.take().expect("a pipe")).lines();
    // The server goes on responding on another thread.
    let mut next =
        || tokio::task::block_in_place(|| lines.next().expect("the command goes on").expect("a line"));
    assert!(next().contains("RotationStarted"));
    assert!(next().contains("RotationSucceeded"));
    rotate(&aws, 3, false).await;
    assert!(next().contains("TestRotationStarted"));
    assert!(next().contains("TestRotationSucceeded"));
    follower.kill().expect("it runs");
    follower.wait().expect("it ends");
}
