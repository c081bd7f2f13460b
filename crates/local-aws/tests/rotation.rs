//! The service side of a rotation.

use std::time::Duration;

use local_aws::{FunctionErrorKind, Options, Rotation, Step};
use serde_json::{Value as Json, json};

use crate::support::{Aws, FUNCTION_KEY, Function, KEY, Refused, Reply, call_as, id};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rotate";

async fn with_function(replies: impl IntoIterator<Item = Reply>) -> (Aws, Function) {
    let aws = Aws::with_secret().await;
    let function = Function::start(&aws.server.url(), replies).await;
    aws.server.set_lambda_url(&function.url);
    (aws, function)
}

async fn rotate(aws: &Aws, digit: u32) -> Result<Json, Refused> {
    let request = json!({"SecretId": "app", "ClientRequestToken": id(digit), "RotationLambdaARN": FUNCTION});
    aws.call("RotateSecret", request).await
}

async fn rotated(aws: &Aws, digit: u32) -> Rotation {
    rotate(aws, digit).await.expect("a rotation");
    aws.server.rotated("app", &id(digit)).await
}

fn failure() -> Reply {
    Reply::Fails(200, true, json!({"errorType": "Refused", "errorMessage": "no"}))
}

fn kinds(rotation: &Rotation) -> Vec<Vec<Option<FunctionErrorKind>>> {
    let attempts = rotation.attempts.iter();
    attempts
        .map(|attempt| {
            attempt.steps.iter().map(|step| step.outcome.as_ref().err().map(|error| error.kind)).collect()
        })
        .collect()
}

#[tokio::test]
async fn a_rotation_calls_the_four_steps_and_leaves_the_new_version_current() {
    let (aws, function) = with_function([]).await;
    let rotation = rotated(&aws, 2).await;
    assert!(rotation.succeeded, "{rotation:?}");
    assert_eq!(function.steps(), STEPS);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(2): ["AWSCURRENT", "AWSPENDING"]}));
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!(description["RotationEnabled"], true);
    assert!(description["LastRotatedDate"].is_number());
    // AWSPENDING on the AWSCURRENT version does not stand in the way of the next rotation.
    assert!(rotated(&aws, 3).await.succeeded);
}

#[tokio::test]
async fn the_function_gets_the_event_that_aws_sends() {
    let (aws, function) = with_function([]).await;
    rotated(&aws, 2).await;
    let arn = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await["ARN"].clone();
    for (name, event) in function.events() {
        assert_eq!(name, "rotate");
        assert_eq!(event["SecretId"], arn);
        assert_eq!(event["ClientRequestToken"], id(2));
        assert_eq!(event["RotationToken"].as_str().map(str::len), Some(36));
    }
}

#[tokio::test]
async fn a_rotation_begins_with_a_pending_version_without_a_value() {
    let (aws, _function) = with_function([Reply::Hangs]).await;
    let started = rotate(&aws, 2).await.expect("a rotation");
    assert_eq!(started["VersionId"], id(2));
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
    let read = json!({"SecretId": "app", "VersionStage": "AWSPENDING"});
    assert_eq!(aws.code("GetSecretValue", read).await, "ResourceNotFoundException");
}

#[tokio::test]
async fn after_a_failure_the_whole_rotation_runs_again_with_the_same_token() {
    let (aws, function) = with_function([Reply::Works, failure()]).await;
    let rotation = rotated(&aws, 2).await;
    assert!(rotation.succeeded);
    assert_eq!(rotation.attempts.len(), 2);
    assert_eq!(function.steps(), [&STEPS[..2], &STEPS[..]].concat());
    let error = rotation.attempts[0].steps[1].outcome.clone().expect_err("an error");
    assert_eq!((error.error_type.as_deref(), error.message.as_str()), (Some("Refused"), "no"));
}

#[tokio::test]
async fn a_rotation_ends_after_five_attempts_and_leaves_the_labels_as_they_are() {
    let (aws, function) = with_function(vec![failure(); 5]).await;
    let rotation = rotated(&aws, 2).await;
    assert!(!rotation.succeeded);
    assert_eq!(function.steps(), ["createSecret"; 5]);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!(description.get("LastRotatedDate"), None);
}

#[tokio::test]
async fn a_response_that_only_lambdas_header_marks_as_an_error_is_one() {
    let (aws, _function) = with_function([Reply::Fails(200, true, json!("no"))]).await;
    let rotation = rotated(&aws, 2).await;
    let error = rotation.attempts[0].steps[0].outcome.clone().expect_err("an error");
    let expected = (FunctionErrorKind::ErrorResponse, "status 200 OK: \"no\"");
    assert_eq!((error.kind, error.message.as_str()), expected);
}

#[tokio::test]
async fn a_rotation_is_unfinished_if_the_function_leaves_awspending_on_another_version() {
    let (aws, _function) = with_function(vec![Reply::Idles; 4]).await;
    let rotation = rotated(&aws, 2).await;
    assert!(rotation.succeeded, "the second attempt works");
    let unfinished = Some(FunctionErrorKind::Unfinished);
    assert_eq!(kinds(&rotation), [vec![None, None, None, unfinished], vec![None; 4]]);
}

#[tokio::test]
async fn a_function_that_does_not_respond_in_time_has_failed() {
    let options = Options { attempts: 1, invoke_timeout: Duration::from_millis(50), ..Options::default() };
    let aws = Aws::start_with(options).await;
    aws.create("app", "one", 1).await;
    let function = Function::start(&aws.server.url(), [Reply::Hangs]).await;
    aws.server.set_lambda_url(&function.url);
    assert_eq!(kinds(&rotated(&aws, 2).await), [[Some(FunctionErrorKind::TimedOut)]]);
}

/// Recorded: AWS asks Lambda whether it may call the function, and changes nothing if it may not.
#[tokio::test]
async fn a_rotation_by_a_function_that_cannot_be_called_is_refused_and_changes_nothing() {
    let functions = Some(vec!["another".to_owned()]);
    for options in [Options::default(), Options { functions, ..Options::default() }] {
        let is_listed = options.functions.is_none();
        let aws = Aws::start_with(options).await;
        aws.create("app", "one", 1).await;
        let function = Function::start(&aws.server.url(), []).await;
        // Port 1 of loopback: nothing listens there.
        aws.server.set_lambda_url(if is_listed { "http://127.0.0.1:1" } else { &function.url });
        let before = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
        let refused = rotate(&aws, 2).await.expect_err("an error");
        assert_eq!(refused.code, "AccessDeniedException");
        assert_eq!(
            refused.message,
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access \
             to the principal secretsmanager.amazonaws.com."
        );
        assert_eq!(aws.ok("DescribeSecret", json!({"SecretId": "app"})).await, before);
        assert_eq!(aws.server.rotated("app", &id(2)).await, Rotation::default());
    }
}

#[tokio::test]
async fn a_function_that_goes_away_during_a_rotation_is_unreachable() {
    let aws = Aws::with_secret().await;
    // It accepts the connection that checks whether functions can be called, and never responds.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    aws.server.set_lambda_url(&format!("http://{}", listener.local_addr().expect("an address")));
    rotate(&aws, 2).await.expect("a rotation");
    drop(listener);
    let unreachable = vec![vec![Some(FunctionErrorKind::Unreachable)]; 5];
    assert_eq!(kinds(&aws.server.rotated("app", &id(2)).await), unreachable);
}

/// AWS Secrets Manager user guide, "Troubleshoot rotation".
#[tokio::test]
async fn a_pending_value_that_is_not_the_functions_fails_the_rotation() {
    for (key, token, succeeds) in
        [(&*KEY, "unknown", false), (&*KEY, "issued", true), (&*FUNCTION_KEY, "unknown", true)]
    {
        let options = Options {
            function_keys: vec![FUNCTION_KEY.clone()],
            pause: Duration::from_millis(1),
            attempts: 2,
            ..Options::default()
        };
        let aws = Aws::start_with(options).await;
        aws.create("app", "one", 1).await;
        let function = Function::start(&aws.server.url(), vec![failure(); 2]).await;
        aws.server.set_lambda_url(&function.url);
        assert!(!rotated(&aws, 2).await.succeeded, "the function fails both attempts");
        let (_, event) = function.events().pop().expect("an event");
        let token = if token == "issued" { event["RotationToken"].clone() } else { json!(id(0) + "-aaa") };
        let put = json!({
            "SecretId": "app",
            "ClientRequestToken": id(2),
            "SecretString": "rotated",
            "VersionStages": ["AWSPENDING"],
            "RotationToken": token,
        });
        call_as(key, &aws.server.url(), "PutSecretValue", put).await.expect("the value is stored");
        rotate(&aws, 3).await.expect_err("unfinished");
        let rotation = aws.server.rotated("app", &id(2)).await;
        assert_eq!(rotation.succeeded, succeeds, "{rotation:?}");
        let last = rotation.attempts.last().and_then(|attempt| attempt.steps.last()).expect("a step");
        if let Err(error) = &last.outcome {
            assert_eq!(error.kind, FunctionErrorKind::ForeignValue);
            let end = "was not created by Lambda arn:aws:lambda:us-east-1:123456789012:function:rotate. Remove the \
                       AWSPENDING staging label and restart rotation";
            assert!(error.message.ends_with(end), "{}", error.message);
            assert_eq!(function.steps().len(), 2, "the function is not called");
        }
    }
}

#[tokio::test]
async fn a_rotation_is_unfinished_if_awscurrent_never_reaches_its_version() {
    let (aws, _function) =
        with_function([Reply::Works, Reply::Works, Reply::Works, Reply::RemovesPending]).await;
    let rotation = rotated(&aws, 2).await;
    assert!(!rotation.succeeded);
    let unfinished = Some(FunctionErrorKind::Unfinished);
    assert_eq!(
        kinds(&rotation),
        [vec![None, None, None, unfinished], vec![Some(FunctionErrorKind::Cancelled)]],
        "the second attempt finds that the version has no label"
    );
}

#[tokio::test]
async fn a_value_that_is_put_while_rotation_is_on_counts_as_a_rotation() {
    let (aws, _function) = with_function([]).await;
    let last =
        async || aws.ok("DescribeSecret", json!({"SecretId": "app"})).await["LastRotatedDate"].as_f64();
    aws.put(3, "by a person", &["AWSCURRENT"]).await.expect("a put");
    assert_eq!(last().await, None, "rotation was never on");
    assert!(rotated(&aws, 4).await.succeeded);
    let before = last().await.expect("a date");
    aws.put(5, "by a person again", &["AWSCURRENT"]).await.expect("a put");
    assert!(last().await.expect("a date") > before);
    aws.ok("CancelRotateSecret", json!({"SecretId": "app"})).await;
    assert_eq!(last().await, None, "rotation is off");
}

#[tokio::test]
async fn while_a_version_is_pending_a_new_rotation_is_refused_and_the_old_one_runs_again() {
    let (aws, function) = with_function(vec![failure(); 5]).await;
    assert!(!rotated(&aws, 2).await.succeeded);
    let refused = rotate(&aws, 3).await.expect_err("an error");
    assert_eq!(refused.code, "InvalidRequestException");
    assert_eq!(refused.message, "A previous rotation isn't complete. That rotation will be reattempted.");
    let rotation = aws.server.rotated("app", &id(2)).await;
    assert!(rotation.succeeded);
    assert_eq!((rotation.attempts.len(), function.steps().len()), (6, 9));
    assert_eq!(aws.server.rotated("app", &id(3)).await, Rotation::default());
    assert!(rotated(&aws, 3).await.succeeded);
}

/// AWS Secrets Manager user guide, "Troubleshoot rotation"; Terraform's tests rely on it.
#[tokio::test]
async fn a_current_value_without_a_rotation_token_abandons_a_rotation_and_keeps_its_version_without_a_label()
{
    let (aws, function) = with_function(vec![failure(); 5]).await;
    assert!(!rotated(&aws, 2).await.succeeded);
    let put = |digit: u32, stages: &[&str]| json!({"SecretId": "app", "ClientRequestToken": id(digit), "SecretString": "from a person", "VersionStages": stages});
    aws.ok("PutSecretValue", put(3, &["AWSPREVIOUS"])).await;
    assert_eq!(aws.stages().await[id(2)], json!(["AWSPENDING"]));
    aws.ok("PutSecretValue", put(4, &["AWSCURRENT"])).await;
    assert_eq!(aws.stages().await, json!({id(1): ["AWSPREVIOUS"], id(4): ["AWSCURRENT"]}));
    let steps = function.steps().len();
    assert!(rotated(&aws, 5).await.succeeded);
    assert_eq!(function.steps().len(), steps + 4);
}

#[tokio::test]
async fn a_repeated_request_starts_no_second_rotation() {
    let (aws, function) = with_function([]).await;
    let first = rotate(&aws, 2).await.expect("a rotation");
    // The first rotation may be under way or have ended.
    match rotate(&aws, 2).await {
        Ok(again) => assert_eq!(again, first),
        Err(refused) => assert_eq!(refused.code, "ResourceExistsException"),
    }
    assert!(aws.server.rotated("app", &id(2)).await.succeeded);
    assert_eq!(function.steps().iter().filter(|step| *step == "finishSecret").count(), 1);
}

#[tokio::test]
async fn without_rotating_immediately_only_test_secret_is_called_on_a_copy() {
    let (aws, function) = with_function([]).await;
    aws.test_rotation(2).await;
    let rotation = aws.server.rotated("app", &id(2)).await;
    assert!(rotation.succeeded, "{rotation:?}");
    assert_eq!(rotation.attempts[0].steps[0].step, Step::TestSecret);
    assert_eq!(function.steps(), ["testSecret"]);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
    let all = aws.ok("ListSecretVersionIds", json!({"SecretId": "app", "IncludeDeprecated": true})).await;
    assert_eq!(all["Versions"].as_array().map(Vec::len), Some(1));
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!((&description["RotationEnabled"], description.get("LastRotatedDate")), (&json!(true), None));
}

#[tokio::test]
async fn a_secret_without_a_function_cannot_be_rotated() {
    let aws = Aws::with_secret().await;
    let request = json!({"SecretId": "app", "ClientRequestToken": id(2)});
    let refused = aws.call("RotateSecret", request).await.expect_err("an error");
    assert_eq!(refused.code, "InvalidRequestException");
    assert_eq!(refused.message, "No Lambda rotation function ARN is associated with this secret.");
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!(description.get("RotationEnabled"), None);
    let cancel = aws.code("CancelRotateSecret", json!({"SecretId": "app"})).await;
    assert_eq!(cancel, "InvalidRequestException");
}

#[tokio::test]
async fn the_function_is_stored_with_the_secret() {
    let (aws, _function) = with_function([]).await;
    rotated(&aws, 2).await;
    aws.ok("RotateSecret", json!({"SecretId": "app", "ClientRequestToken": id(3)})).await;
    assert!(aws.server.rotated("app", &id(3)).await.succeeded);
}

#[tokio::test]
async fn a_cancelled_rotation_is_turned_off_and_leaves_awspending_behind() {
    let (aws, function) = with_function(vec![failure(); 5]).await;
    rotated(&aws, 2).await;
    aws.ok("CancelRotateSecret", json!({"SecretId": "app"})).await;
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!(description["RotationEnabled"], false);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"], id(2): ["AWSPENDING"]}));
    assert_eq!(function.steps().len(), 5);
}

#[tokio::test]
async fn a_test_of_rotation_leaves_nothing_on_a_secret_that_was_deleted_meanwhile() {
    let options = Options { invoke_timeout: Duration::from_millis(500), ..Options::default() };
    let aws = Aws::start_with(options).await;
    let arn = aws.create("app", "one", 1).await["ARN"].clone();
    let function = Function::start(&aws.server.url(), [Reply::Hangs]).await;
    aws.server.set_lambda_url(&function.url);
    aws.test_rotation(2).await;
    aws.ok("DeleteSecret", json!({"SecretId": "app"})).await;
    aws.server.rotated(arn.as_str().expect("an ARN"), &id(2)).await;
    aws.ok("RestoreSecret", json!({"SecretId": "app"})).await;
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
}
