//! Amazon RDS: which address belongs to which server.

use std::fmt;
use std::sync::OnceLock;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;
use aws_sdk_rds::operation::describe_db_clusters::DescribeDBClustersError;
use aws_sdk_rds::operation::describe_db_instances::DescribeDBInstancesError;
use aws_sdk_rds::types::{DbCluster, DbInstance};
use rotation::ports::Topology;
use rotation::{CallError, Cause, Endpoint};

use crate::certificate::NoRetry;
use crate::errors::Service;
use crate::host;

/// What `DescribeDBInstances` and `DescribeDBClusters` return. A name in a secret is only a key to look up:
/// the address that RDS returns is what counts, compared whole.
pub struct Rds {
    config: SdkConfig,
    endpoint: Option<String>,
    /// Made by the first call: most rotations do not call RDS.
    client: OnceLock<Client>,
    service: Service,
}

impl fmt::Debug for Rds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rds").finish_non_exhaustive()
    }
}

#[async_trait]
impl Topology for Rds {
    fn host(&self) -> Option<String> {
        host(&self.config, "rds", self.endpoint.as_deref())
    }

    async fn server_of(&self, arn: &str) -> Result<(Endpoint, String), CallError> {
        let server = if arn.contains(":cluster:") {
            self.cluster(arn).await?.and_then(|cluster| Some((writer_of(&cluster)?, cluster.engine?)))
        } else {
            self.instance(arn).await?.and_then(|instance| Some((address_of(&instance)?, instance.engine?)))
        };
        // The ARN is not shown: the writer of the application's secret may have no access to the secret that holds it.
        server.ok_or_else(|| {
            self.service.unexpected_response("knows no such server, or none with an address yet")
        })
    }

    async fn is_reader_of(&self, reader: &Endpoint, primary: &Endpoint) -> Result<bool, CallError> {
        let Some(key) = identifier_in(primary) else { return Ok(false) };
        if let Some(instance) = self.instance(key).await?
            && address_of(&instance).as_ref() == Some(primary)
        {
            return self.is_replica(reader, &instance).await;
        }
        match self.cluster(key).await? {
            Some(cluster) if writer_of(&cluster).as_ref() == Some(primary) => {
                self.is_in(reader, &cluster).await
            }
            Some(_) | None => Ok(false),
        }
    }
}

impl Rds {
    pub(crate) fn new(config: SdkConfig, endpoint: Option<String>) -> Self {
        let service = Service::new("RDS", &config, endpoint.as_deref(), Cause::Rds);
        Self { config, endpoint, client: OnceLock::new(), service }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let mut builder = Builder::from(&self.config).retry_classifier(NoRetry);
            if self.endpoint.is_some() {
                builder.set_endpoint_url(self.endpoint.clone());
            }
            Client::from_conf(builder.build())
        })
    }

    /// Whether `reader` is a read replica of `primary` in the same region, and each says so of the other.
    /// A replica in another region is listed by its ARN there: that is not followed.
    async fn is_replica(&self, reader: &Endpoint, primary: &DbInstance) -> Result<bool, CallError> {
        let listed = primary.read_replica_db_instance_identifiers();
        let Some(key) = identifier_in(reader).filter(|key| contains(listed, key)) else { return Ok(false) };
        let Some(replica) = self.instance(key).await? else { return Ok(false) };
        let source = replica.read_replica_source_db_instance_identifier();
        let of_primary = source.zip(primary.db_instance_identifier()).is_some_and(same);
        Ok(of_primary && address_of(&replica).as_ref() == Some(reader))
    }

    /// Whether `reader` is the reader endpoint, a custom endpoint or a member of `cluster`.
    async fn is_in(&self, reader: &Endpoint, cluster: &DbCluster) -> Result<bool, CallError> {
        let shared = cluster.reader_endpoint().into_iter();
        let mut shared = shared.chain(cluster.custom_endpoints().iter().map(String::as_str));
        if shared.any(|host| endpoint(Some(host), cluster.port()).as_ref() == Some(reader)) {
            return Ok(true);
        }
        let members =
            cluster.db_cluster_members().iter().filter_map(|member| member.db_instance_identifier());
        let members: Vec<&str> = members.collect();
        let Some(key) = identifier_in(reader).filter(|key| contains(&members, key)) else { return Ok(false) };
        let member = self.instance(key).await?;
        Ok(member.and_then(|member| address_of(&member)).as_ref() == Some(reader))
    }

    /// `DescribeDBInstances` of one, by its identifier or ARN; `None` if RDS knows none.
    async fn instance(&self, id: &str) -> Result<Option<DbInstance>, CallError> {
        match self.client().describe_db_instances().db_instance_identifier(id).send().await {
            Ok(response) => Ok(response.db_instances.unwrap_or_default().into_iter().next()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeDBInstancesError::is_db_instance_not_found_fault) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.service.failure_of("rds:DescribeDBInstances", &error)),
        }
    }

    /// `DescribeDBClusters` of one, by its identifier or ARN; `None` if RDS knows none.
    async fn cluster(&self, id: &str) -> Result<Option<DbCluster>, CallError> {
        match self.client().describe_db_clusters().db_cluster_identifier(id).send().await {
            Ok(response) => Ok(response.db_clusters.unwrap_or_default().into_iter().next()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeDBClustersError::is_db_cluster_not_found_fault) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.service.failure_of("rds:DescribeDBClusters", &error)),
        }
    }
}

fn address_of(instance: &DbInstance) -> Option<Endpoint> {
    let address = instance.endpoint()?;
    endpoint(address.address(), address.port())
}

fn writer_of(cluster: &DbCluster) -> Option<Endpoint> {
    endpoint(cluster.endpoint(), cluster.port())
}

fn endpoint(host: Option<&str>, port: Option<i32>) -> Option<Endpoint> {
    Some(Endpoint { host: host?.to_owned(), port: port?.try_into().ok()? })
}

/// The first label of a host, if RDS could have given it: 1 to 63 letters, digits and single hyphens, a letter
/// first and no hyphen last (Amazon RDS API Reference, `CreateDBInstance`). RDS responds to anything else with an
/// error, so it is not called.
fn identifier_in(endpoint: &Endpoint) -> Option<&str> {
    let label = endpoint.host.split('.').next().filter(|label| label.len() <= 63)?;
    let letters = label.starts_with(|first: char| first.is_ascii_alphabetic());
    let known = label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    (letters && known && !label.contains("--") && !label.ends_with('-')).then_some(label)
}

/// RDS stores identifiers in lower case; a secret may hold them in any.
fn same((one, other): (&str, &str)) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn contains(identifiers: &[impl AsRef<str>], key: &str) -> bool {
    identifiers.iter().any(|identifier| same((identifier.as_ref(), key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub_server::StubServer;

    const SUFFIX: &str = "abc.eu-west-1.rds.amazonaws.com";

    /// The instances `shop` with its replica `copy`, `stray` (listed as a replica, but of another), and the
    /// members `one` and `two` of the cluster `ring`; as RDS responds, in XML.
    fn rds() -> StubServer {
        StubServer::serve(|request| {
            let replicas = ["copy", "stray"].map(|id| field("ReadReplicaDBInstanceIdentifier", id)).concat();
            let of = |id: &str| field("ReadReplicaSourceDBInstanceIdentifier", id);
            let known = [
                ("shop", instance("shop", &field("ReadReplicaDBInstanceIdentifiers", &replicas))),
                ("copy", instance("copy", &of("shop"))),
                ("stray", instance("stray", &of("other"))),
                ("one", instance("one", "")),
                ("two", instance("two", "")),
                ("ring", ring()),
            ];
            let clusters = request.contains("Action=DescribeDBClusters");
            let id =
                request.rsplit(['=', '%']).next().unwrap_or_default().trim_start_matches("3A").to_lowercase();
            match known.into_iter().find(|(name, _)| *name == id && clusters == (id == "ring")) {
                Some((_, body)) if clusters => (200, wrapped("DescribeDBClusters", "DBClusters", &body)),
                Some((_, body)) => (200, wrapped("DescribeDBInstances", "DBInstances", &body)),
                None if clusters => (404, fault("DBClusterNotFoundFault")),
                None => (404, fault("DBInstanceNotFound")),
            }
        })
    }

    fn field(name: &str, value: &str) -> String {
        format!("<{name}>{value}</{name}>")
    }

    fn instance(id: &str, more: &str) -> String {
        let address = field("Address", &format!("{id}.{SUFFIX}")) + &field("Port", "5432");
        let fields =
            field("DBInstanceIdentifier", id) + &field("Engine", "postgres") + &field("Endpoint", &address);
        field("DBInstance", &(fields + more))
    }

    fn ring() -> String {
        let member = |id| field("DBClusterMember", &field("DBInstanceIdentifier", id));
        let fields = [
            field("Engine", "aurora-postgresql"),
            field("Endpoint", &format!("ring.cluster-{SUFFIX}")),
            field("ReaderEndpoint", &format!("ring.cluster-ro-{SUFFIX}")),
            field("CustomEndpoints", &field("member", &format!("report.cluster-custom-{SUFFIX}"))),
            field("Port", "5432"),
            field("DBClusterMembers", &["one", "two"].map(member).concat()),
        ];
        field("DBCluster", &fields.concat())
    }

    fn wrapped(action: &str, list: &str, item: &str) -> String {
        let result = field(&format!("{action}Result"), &field(list, item));
        field(&format!("{action}Response"), &result)
    }

    fn fault(code: &str) -> String {
        field("ErrorResponse", &(field("Error", &field("Code", code)) + &field("RequestId", "request-1")))
    }

    fn at(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.replace('*', SUFFIX), port }
    }

    #[tokio::test]
    async fn a_reader_is_one_only_at_the_whole_address_that_rds_returns() {
        let (shop, ring) = (at("shop.*", 5432), at("ring.cluster-*", 5432));
        let cases = [
            (at("COPY.*", 5432), &shop, true),
            (at("copy.evil.example", 5432), &shop, false),
            (at("copy.*", 5433), &shop, false),
            (at("stray.*", 5432), &shop, false),
            (at("one.*", 5432), &shop, false),
            (at("unknown.*", 5432), &shop, false),
            (at("co--py.*", 5432), &shop, false),
            (at("copy.*", 5432), &at("shop.evil.example", 5432), false),
            (at("copy.*", 5432), &at("shop.*", 1), false),
            (at("copy.*", 5432), &at("unknown.*", 5432), false),
            (at("copy.*", 5432), &at("10.0.0.1", 5432), false),
            (at("ring.cluster-ro-*", 5432), &ring, true),
            (at("report.cluster-custom-*", 5432), &ring, true),
            (at("two.*", 5432), &ring, true),
            (at("two.evil.example", 5432), &ring, false),
            (at("ring.cluster-ro-*", 5433), &ring, false),
            (at("ring.evil.example", 5432), &ring, false),
            (at("copy.*", 5432), &ring, false),
            (at("two.*", 5432), &at("ring.cluster-evil.example", 5432), false),
        ];
        let service = rds();
        let rds = service.aws().rds();
        for (reader, primary, expected) in cases {
            let found = rds.is_reader_of(&reader, primary).await;
            assert_eq!(found.expect("a result"), expected, "{reader} of {primary}");
        }
    }

    #[tokio::test]
    async fn an_arn_leads_to_the_writer_and_its_engine() {
        let service = rds();
        let rds = service.aws().rds();
        let cases = [
            ("arn:aws:rds:eu-west-1:1:db:shop", at("shop.*", 5432), "postgres"),
            ("arn:aws:rds:eu-west-1:1:cluster:ring", at("ring.cluster-*", 5432), "aurora-postgresql"),
        ];
        for (arn, address, engine) in cases {
            assert_eq!(rds.server_of(arn).await.expect("a server"), (address, engine.to_owned()));
        }
        let error = rds.server_of("arn:aws:rds:eu-west-1:1:db:gone").await.expect_err("no server");
        assert_eq!(error.cause(), Some(Cause::Rds));
    }

    #[tokio::test]
    async fn a_failure_is_never_a_no() {
        for (code, cause) in [
            ("AccessDenied", Cause::AccessDenied),
            ("Throttling", Cause::Throttled),
            ("InvalidParameterValue", Cause::Rds),
        ] {
            let service = StubServer::always(400, &fault(code));
            let result = service.aws().rds().is_reader_of(&at("copy.*", 5432), &at("shop.*", 5432)).await;
            assert_eq!(result.expect_err(code).cause(), Some(cause));
        }
    }
}
