//! The command line, as a person uses it.

use local_aws::Options;
use serde_json::json;

use crate::support::{Aws, Function, Reply, id, run, text};

#[tokio::test]
async fn create_reads_the_value_from_standard_input_and_show_does_not_print_it() {
    let aws = Aws::start().await;
    let created = run(&aws, &["create", "app", "--tag", "aws:rds:x=y"], "{\"password\":\"hunter2\"}\n").await;
    assert!(created.status.success(), "{}", text(&created.stderr));
    let read = aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
    assert_eq!(read["SecretString"], "{\"password\":\"hunter2\"}");
    let shown = text(&run(&aws, &["show", "app"], "").await.stdout);
    assert!(shown.contains("yes    AWSCURRENT") && !shown.contains("hunter2"), "{shown}");
    let description = aws.ok("DescribeSecret", json!({"SecretId": "app"})).await;
    assert_eq!(description["Tags"], json!([{"Key": "aws:rds:x", "Value": "y"}]));
}

#[tokio::test]
async fn rotate_prints_each_step_and_the_message_of_a_failure() {
    let aws = Aws::with_secret().await;
    let no = json!({"errorType": "Refused", "errorMessage": "wrong host"});
    let function = Function::start(&aws.server.url(), [Reply::Fails(500, false, no)]).await;
    aws.server.set_lambda_url(&function.url);
    let rotated = run(&aws, &["rotate", "app", "--function", "rotate"], "").await;
    let out = text(&rotated.stdout);
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    for line in ["createSecret  failed: Refused: wrong host", "attempt 2", "finishSecret  ok", "app: ok"] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[tokio::test]
async fn rotate_exits_with_status_1_if_the_rotation_failed() {
    let aws = Aws::with_secret().await;
    let failure = Reply::Fails(200, true, json!({"errorType": "Refused", "errorMessage": "no"}));
    let function = Function::start(&aws.server.url(), vec![failure; 10]).await;
    aws.server.set_lambda_url(&function.url);
    let failed = run(&aws, &["rotate", "app", "--function", "rotate"], "").await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("the rotation of app failed"), "{}", text(&failed.stderr));
    let again = run(&aws, &["rotate", "app"], "").await;
    assert_eq!(again.status.code(), Some(1));
    let out = text(&again.stdout);
    assert!(out.contains("A previous rotation isn't complete") && out.contains("attempt 10"), "{out}");
}

#[tokio::test]
async fn rotate_shows_a_rotation_that_was_unfinished_when_the_server_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = Some(folder.path().join("secrets.json"));
    let (state_before, functions) = (state.clone(), Some(vec!["rotate".to_owned()]));
    let options = Options { state: state_before, functions, attempts: 1, ..Options::default() };
    let aws = Aws::start_with(options).await;
    aws.create("app", "one", 1).await;
    aws.server.set_lambda_url("http://127.0.0.1:1");
    let failed = run(&aws, &["rotate", "app", "--function", "rotate"], "").await;
    assert_eq!(failed.status.code(), Some(1), "no function runs");
    let (error, url) = (text(&failed.stdout), "/2015-03-31/functions/rotate/invocations");
    assert!(error.contains(url) && error.contains("Connection refused"), "{error}");
    drop(aws);

    let aws = Aws::start_with(Options { state, attempts: 1, ..Options::default() }).await;
    let function = Function::start(&aws.server.url(), []).await;
    aws.server.set_lambda_url(&function.url);
    let rotated = run(&aws, &["rotate", "app"], "").await;
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    let out = text(&rotated.stdout);
    for line in ["will be reattempted", "attempt 1", "finishSecret  ok", "app: ok"] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[tokio::test]
async fn rotate_does_not_wait_for_a_pending_version_that_nothing_rotates() {
    let aws = Aws::with_secret().await;
    aws.put(2, "two", &["AWSPENDING"]).await.expect("a put");
    let refused = run(&aws, &["rotate", "app", "--function", "rotate"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("will be reattempted"), "{}", text(&refused.stderr));
    let unknown = run(&aws, &["show", "none"], "").await;
    let error = text(&unknown.stderr);
    assert!(error.contains("refused the request for versions: ResourceNotFoundException"), "{error}");
}

#[tokio::test]
async fn rotate_with_no_immediately_only_calls_test_secret() {
    let aws = Aws::with_secret().await;
    let function = Function::start(&aws.server.url(), []).await;
    aws.server.set_lambda_url(&function.url);
    let tested = run(&aws, &["rotate", "app", "--function", "rotate", "--no-immediately"], "").await;
    assert!(tested.status.success(), "{}", text(&tested.stderr));
    assert_eq!(function.steps(), ["testSecret"]);
    assert_eq!(aws.stages().await, json!({id(1): ["AWSCURRENT"]}));
}

#[tokio::test]
async fn an_instance_and_a_cluster_are_registered() {
    let aws = Aws::start().await;
    let address = ["--address", "127.0.0.1", "--port", "5432", "--engine", "postgres"];
    let instance = run(&aws, &[&["register-instance", "main"], &address[..]].concat(), "").await;
    assert_eq!(text(&instance.stdout), "arn:aws:rds:us-east-1:123456789012:db:main\n");
    let cluster = run(&aws, &[&["register-cluster", "ring"], &address[..]].concat(), "").await;
    assert_eq!(text(&cluster.stdout), "arn:aws:rds:us-east-1:123456789012:cluster:ring\n");
}

#[tokio::test]
async fn a_command_that_cannot_reach_the_server_says_at_which_url() {
    let aws = Aws::start().await;
    let failed = run(&aws, &["show", "app", "--endpoint", "http://127.0.0.1:1"], "").await;
    assert_eq!(failed.status.code(), Some(1));
    let error = text(&failed.stderr);
    assert!(error.contains("cannot reach local-aws at http://127.0.0.1:1"), "{error}");
}
