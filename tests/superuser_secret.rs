//! The server of a superuser's secret: its own host, or what RDS says. Endpoints are compared whole.

use local_aws::DbInstance;
use serde_json::{Value, json};
use testbed::{Application, Postgres, PostgresOptions, Setup, postgres_versions, store};

use crate::support::postgres::{cluster, instance, made_by_rds, with_superuser};

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_made_by_rds_is_for_the_instance_in_its_tag() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let instance = instance("localhost", "LOCALHOST", server.port());
    let arn = application.local.register_instance(instance);
    made_by_rds(&application, "aws:rds:primaryDBInstanceArn", &arn).await;
    application.local.clear_calls();
    application.rotate_ok().await;
    let count =
        |operation: &str| application.local.calls().iter().filter(|call| call.operation == operation).count();
    // One more of each than for a superuser's secret that names its host.
    assert_eq!((count("DescribeSecret"), count("DescribeDBInstances")), (5, 1));
    application.rotate_ok().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_made_by_rds_is_for_the_cluster_in_its_tag() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let cluster = cluster(server.host(), server.port(), "reader.example");
    let arn = application.local.register_cluster(cluster);
    made_by_rds(&application, "aws:rds:primaryDBClusterArn", &arn).await;
    application.rotate_ok().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_without_host_and_tag_or_for_another_engine_is_refused() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let other = DbInstance { engine: "mysql".into(), ..instance("localhost", "localhost", server.port()) };
    let arn = application.local.register_instance(other);
    made_by_rds(&application, "some-tag", &arn).await;
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("no tag of RDS says which server it is for"), "{refusal}");

    let application = Application::start(server, Setup::alternating_users()).await;
    let other = DbInstance { engine: "mysql".into(), ..instance("localhost", "localhost", server.port()) };
    application.local.register_instance(other);
    made_by_rds(&application, "aws:rds:primaryDBInstanceArn", &arn).await;
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("engine is another than this function's"), "{refusal}");
}

/// A superuser's secret for another host, with whatever RDS knows.
async fn refused_elsewhere(fields: Value, register: impl FnOnce(&Application<'_>)) {
    // A server of its own: whether the superuser signs in is read from its log.
    let server = Postgres::start(postgres_versions()[0], PostgresOptions::default()).await;
    let application = Application::start(&server, Setup::alternating_users()).await;
    register(&application);
    let mut superuser = server.secret(server.admin().await, "postgres");
    for (name, value) in fields.as_object().expect("fields") {
        superuser[name] = value.clone();
    }
    let superuser = store(&application.client, "elsewhere", &superuser).await;
    with_superuser(&application, &superuser).await;
    let log = server.log();
    let refusal = application.rotate_expect_err().await;
    assert!(refusal.contains("is neither the secret's host"), "{refusal}");
    assert_eq!(log.authorized("master"), 0, "the superuser signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_of_another_host_or_port_is_refused() {
    refused_elsewhere(json!({"host": "127.0.0.1"}), |_| {}).await;
    refused_elsewhere(json!({"port": 5433}), |_| {}).await;
}

/// AWS's function compares the first label of a name: `localhost.evil.example` would pass there.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_only_the_same_first_label_is_refused() {
    refused_elsewhere(json!({"host": "primary.example"}), |application| {
        let port = application.server.port();
        application.local.register_instance(instance("primary", "primary.example", port));
        let replica = instance("localhost", "localhost.evil.example", port);
        application.local.register_instance(DbInstance { replica_of: Some("primary".into()), ..replica });
    })
    .await;
}
