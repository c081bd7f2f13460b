//! Versions that hold a binary value.

use aws_sdk_secretsmanager::primitives::Blob;
use testbed::Setup;

use super::{finds_nothing, next, rotated, run_commands};
use crate::support::postgres::newest;

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_value_is_found_and_removed_where_it_is_pending() {
    let application = rotated(newest().await, Setup::single_user()).await;
    let good = application.stored("AWSCURRENT").await.expect("a version");
    let store = async |stage: &str| {
        let put = application.client.put_secret_value().secret_id(&application.arn).version_stages(stage);
        put.secret_binary(Blob::new(b"\xff\xfe".to_vec())).send().await.expect("PutSecretValue is accepted");
    };
    store("AWSPENDING").await;
    let printed = next(&application, "AWSPENDING", &["binary value"]).await;
    run_commands(&application, &printed).await;
    finds_nothing(&application, "without it").await;

    store("AWSCURRENT").await;
    let printed = next(&application, "AWSCURRENT", &["binary value"]).await;
    assert_eq!(printed, "store the secret as a string of JSON");
    let current = application.stored("AWSPREVIOUS").await.expect("a version");
    assert_ne!(current, good, "it was rotated");
    application.store_current(&current).await;
    application.rotate_ok().await;
    finds_nothing(&application, "cured").await;
}
