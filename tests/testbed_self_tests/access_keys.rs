//! local-aws gives nothing to a client without one of its access keys: AWS's own client, and a function's binary.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use local_aws::{AccessKey, DbInstance, Options};
use rotation::ports::Topology as _;
use serde_json::json;
use testbed::{
    Application, FUNCTIONS_KEY, OWN_KEY, Postgres, Setup, aws_as, postgres_versions, secrets_manager,
    secrets_manager_as, start_local_aws, store,
};

/// Code and message of an error that the service gave.
fn told<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> (String, String) {
    let error = result.err().expect("an error");
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    (part(error.code()), part(error.message()))
}

#[tokio::test]
async fn awss_client_with_another_access_key_learns_nothing_of_what_exists() {
    let local = start_local_aws(Options::default()).await;
    let owner = secrets_manager(&local.url());
    store(&owner, "app", &json!({"password": "hunter2"})).await;
    local.clear_calls();

    let stranger = secrets_manager_as(&AccessKey::random(), &local.url());
    let refused = [
        told(stranger.get_secret_value().secret_id("app").send().await),
        told(stranger.get_secret_value().secret_id("nobody").send().await),
        told(stranger.describe_secret().secret_id("app").send().await),
        told(stranger.list_secrets().send().await),
        told(stranger.create_secret().name("app").secret_string("mine").send().await),
        told(stranger.put_secret_value().secret_id("app").secret_string("mine").send().await),
        told(stranger.delete_secret().secret_id("app").send().await),
    ];
    let expected = ("UnrecognizedClientException", "The security token included in the request is invalid.");
    for (code, message) in &refused {
        assert_eq!((code.as_str(), message.as_str()), expected);
    }
    assert_eq!(local.calls(), []);

    for key in [&*OWN_KEY, &*FUNCTIONS_KEY] {
        let read = secrets_manager_as(key, &local.url()).get_secret_value().secret_id("app").send().await;
        assert_eq!(read.expect("a value").secret_string(), Some(r#"{"password":"hunter2"}"#));
    }
}

#[tokio::test]
async fn awss_client_of_rds_with_another_access_key_learns_nothing_of_what_exists() {
    let local = start_local_aws(Options::default()).await;
    let instance = DbInstance {
        identifier: "main".to_owned(),
        address: "main.example".to_owned(),
        port: 5432,
        engine: "postgres".to_owned(),
        replica_of: None,
        cluster: None,
    };
    let arn = local.register_instance(instance);
    let nobody = "arn:aws:rds:us-east-1:123456789012:db:nobody";
    let rds = aws_as(&FUNCTIONS_KEY, &local.url()).await.rds();
    rds.server_of(&arn).await.expect("the functions' key is accepted");

    let rds = aws_as(&AccessKey::random(), &local.url()).await.rds();
    let mut refused = Vec::new();
    for arn in [arn.as_str(), nobody] {
        let error = rds.server_of(arn).await.expect_err("another key");
        let error = format!("{error:?}").replace(arn, "ARN");
        assert!(error.contains("InvalidClientTokenId") && !error.contains("main.example"), "{error}");
        // The request's id is another each time.
        refused.push(error.split("request").next().map(str::to_owned));
    }
    assert_eq!(refused[0], refused[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_another_access_key_is_told_to_look_at_its_credentials() {
    let key = AccessKey::random();
    let mut setup = Setup::single_user();
    setup.environment.push(("AWS_ACCESS_KEY_ID", key.expose()));
    let application = Application::start(Postgres::shared(postgres_versions()[0]).await, setup).await;
    let failure = application.rotate_expect_err().await;
    for part in ["CreateSecret", "AccessDenied", "UnrecognizedClientException"] {
        assert!(failure.contains(part), "{part} in {failure}");
    }
    assert_eq!(application.seen_calls().len(), 0);
}
