//! Whose server a superuser's secret is for: its own host, or what RDS says, compared whole.

use local_aws::{DbCluster, DbClusterMember, DbInstance, MemberRole};
use serde_json::{Value, json};
use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, Postgres, PostgresOptions, Setup, postgres_versions, store};

pub(crate) fn instance(identifier: &str, address: &str, port: u16) -> DbInstance {
    DbInstance {
        identifier: identifier.into(),
        address: address.into(),
        port,
        engine: "postgres".into(),
        replica_of: None,
        cluster: None,
    }
}

/// What an application's secret looks like whose superuser's secret RDS has made: user and password only.
pub(crate) async fn made_by_rds(application: &Application<'_>, tag: &str, arn: &str) {
    let admin = application.server.admin().await;
    let only = json!({"username": admin.user, "password": admin.password});
    let superuser = store(&application.client, "rds-db-1", &only).await;
    assert!(application.local.set_reserved_tag(&superuser, tag, arn));
    with_superuser(application, &superuser).await;
}

async fn with_superuser(application: &Application<'_>, superuser: &str) {
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["masterarn"] = json!(superuser);
    application.store_current(&current).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_made_by_rds_is_for_the_instance_in_its_tag() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let instance = instance("localhost", "LOCALHOST", server.port());
    let arn = instance.arn();
    application.local.register_instance(instance);
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
    let arn = cluster.arn();
    application.local.register_cluster(cluster);
    made_by_rds(&application, "aws:rds:primaryDBClusterArn", &arn).await;
    application.rotate_ok().await;
}

fn cluster(endpoint: &str, port: u16, reader: &str) -> DbCluster {
    DbCluster {
        identifier: endpoint.split('.').next().unwrap_or_default().into(),
        endpoint: endpoint.into(),
        reader_endpoint: Some(reader.into()),
        custom_endpoints: vec![],
        port,
        engine: "aurora-postgresql".into(),
        members: vec![DbClusterMember { instance: "writer".into(), role: MemberRole::Writer }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_without_host_and_tag_or_for_another_engine_is_refused() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let other = DbInstance { engine: "mysql".into(), ..instance("localhost", "localhost", server.port()) };
    let arn = other.arn();
    application.local.register_instance(other);
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
async fn a_replica_of_the_same_first_label_only_is_refused() {
    refused_elsewhere(json!({"host": "primary.example"}), |application| {
        let port = application.server.port();
        application.local.register_instance(instance("primary", "primary.example", port));
        let replica = instance("localhost", "localhost.evil.example", port);
        application.local.register_instance(DbInstance { replica_of: Some("primary".into()), ..replica });
    })
    .await;
}

/// A primary and a reader that lags behind it: one cluster, whose endpoints share a port, as Aurora's do.
struct Cluster {
    primary: Postgres,
    replica: Postgres,
    /// The reader's endpoint.
    proxy: FaultProxy,
}

const READER: &str = "127.0.0.2";

impl Cluster {
    async fn start(version: u16, delay: &str) -> Self {
        let primary = Postgres::start(version, PostgresOptions::default()).await;
        let replica = Postgres::replica_of(&primary, delay).await;
        let proxy =
            FaultProxy::from(&format!("{READER}:{}", primary.port()), replica.port(), Fault::None).await;
        Self { primary, replica, proxy }
    }

    /// An application of the primary whose secret names the reader, once the reader knows the application.
    async fn application(&self, setup: Setup<'_>) -> Application<'_> {
        let fields = json!({"host": READER});
        let application = Application::start(&self.primary, Setup { fields, ..setup }).await;
        let cluster = cluster(self.primary.host(), self.primary.port(), READER);
        application.local.register_cluster(cluster);
        self.replica.caught_up_with(&self.primary).await;
        application
    }

    async fn reader_takes(&self, application: &Application<'_>) -> bool {
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        self.replica.signs_in(&current, &application.app.database).await
    }
}

/// The secret's host is a real replica that lags: the writer installs, testSecret waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_as_host_rotates_through_its_writer_and_waits_until_it_has_caught_up() {
    for version in postgres_versions() {
        let cluster = Cluster::start(version, "2s").await;
        let application = cluster.application(Setup::alternating_users()).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
            assert!(cluster.reader_takes(&application).await, "on {version}");
        }
        assert!(cluster.proxy.connections() > 0);
        assert!(application.output().contains("waiting for it to catch up"), "{}", application.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_catch_up_in_time_is_named_as_the_cause_and_a_retry_mends_it() {
    let cluster = Cluster::start(postgres_versions()[0], "9s").await;
    let timeout = std::time::Duration::from_secs(7);
    let application = cluster.application(Setup { timeout, ..Setup::alternating_users() }).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.starts_with("TestSecret ReplicaLag: "), "{failure}");
    cluster.replica.caught_up_with(&cluster.primary).await;
    // The retry sets the same password anew, as another verifier: the reader has the former one meanwhile.
    application.rotate_ok().await;
    assert!(cluster.reader_takes(&application).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_as_host_of_a_single_user_is_read_only_and_the_error_says_so() {
    for version in postgres_versions() {
        let cluster = Cluster::start(version, "0").await;
        let application = cluster.application(Setup::single_user()).await;
        let failure = application.rotate_expect_err().await;
        assert!(failure.starts_with("SetSecret ReadOnly: "), "{failure} on {version}");
        assert!(application.signs_in("AWSCURRENT").await);
    }
}
