//! A secret whose host is a reader of a PostgreSQL cluster.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::{Application, FaultProxy, Postgres, PostgresOptions, Setup, postgres_versions};

use crate::support::postgres::cluster;

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
async fn a_reader_that_does_not_catch_up_in_time_is_named_as_the_cause_and_a_retry_succeeds() {
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

/// What it says fails a rotation does, and this one succeeds: the superuser's secret names the writer.
#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_finds_nothing_wrong_with_a_reader_as_host() {
    for version in postgres_versions() {
        let cluster = Cluster::start(version, "0").await;
        let environment = vec![("DIAGNOSIS", "true")];
        let application = cluster.application(Setup { environment, ..Setup::alternating_users() }).await;
        for turn in 0..3 {
            application.rotate_ok().await;
            cluster.replica.caught_up_with(&cluster.primary).await;
            let report = application.diagnose().await.expect("a report");
            assert_eq!(report["Status"], "pass", "turn {turn} on {version}: {report:#}");
        }
    }
}
