use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::secrets::{DEFAULT_ACCOUNT, Region};

/// A database instance, as `DescribeDBInstances` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbInstance {
    /// `DBInstanceIdentifier`; compared case-insensitively, as RDS does.
    pub identifier: String,
    /// `Endpoint.Address`.
    pub address: String,
    /// `Endpoint.Port`.
    pub port: u16,
    /// `Engine`: `postgres`, `aurora-postgresql`, `mysql`, `aurora-mysql` or `mariadb`.
    pub engine: String,
    /// `ReadReplicaSourceDBInstanceIdentifier`: the identifier (in the same region) or the ARN of the instance that this
    /// one replicates. That instance shows this one in its `ReadReplicaDBInstanceIdentifiers`.
    #[serde(default)]
    pub replica_of: Option<String>,
    /// `DBClusterIdentifier`, for a member of a cluster.
    #[serde(default)]
    pub cluster: Option<String>,
}

/// A cluster, as `DescribeDBClusters` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbCluster {
    /// `DBClusterIdentifier`; compared case-insensitively, as RDS does.
    pub identifier: String,
    /// `Endpoint`: the writer's.
    pub endpoint: String,
    /// `ReaderEndpoint`.
    #[serde(default)]
    pub reader_endpoint: Option<String>,
    /// `CustomEndpoints`.
    #[serde(default)]
    pub custom_endpoints: Vec<String>,
    /// `Port`.
    pub port: u16,
    /// `Engine`: `aurora-postgresql` or `aurora-mysql`, or `postgres` or `mysql` for a Multi-AZ cluster.
    pub engine: String,
    /// `DBClusterMembers`.
    #[serde(default)]
    pub members: Vec<DbClusterMember>,
}

/// A member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbClusterMember {
    /// `DBInstanceIdentifier`.
    pub instance: String,
    /// `IsClusterWriter`.
    pub role: MemberRole,
}

/// The role of an instance in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Takes writes.
    Writer,
    /// Only reads.
    Reader,
}

fn arn(kind: &str, identifier: &str) -> String {
    format!("arn:aws:rds:{}:{DEFAULT_ACCOUNT}:{kind}:{identifier}", Region::default().name())
}

impl DbInstance {
    /// `DBInstanceArn`.
    pub fn arn(&self) -> String {
        arn("db", &self.identifier)
    }

    pub(super) fn is(&self, id: &str) -> bool {
        id.eq_ignore_ascii_case(&self.identifier) || id.eq_ignore_ascii_case(&self.arn())
    }
}

impl DbCluster {
    /// `DBClusterArn`.
    pub fn arn(&self) -> String {
        arn("cluster", &self.identifier)
    }

    pub(super) fn is(&self, id: &str) -> bool {
        id.eq_ignore_ascii_case(&self.identifier) || id.eq_ignore_ascii_case(&self.arn())
    }
}

/// The registered servers, by identifier.
#[derive(Default)]
pub(crate) struct Servers {
    instances: BTreeMap<String, DbInstance>,
    clusters: BTreeMap<String, DbCluster>,
}

impl Servers {
    /// Adds an instance, or replaces the one with the same identifier.
    pub(crate) fn add_instance(&mut self, instance: DbInstance) {
        self.instances.insert(instance.identifier.to_ascii_lowercase(), instance);
    }

    /// Adds a cluster, or replaces the one with the same identifier.
    pub(crate) fn add_cluster(&mut self, cluster: DbCluster) {
        self.clusters.insert(cluster.identifier.to_ascii_lowercase(), cluster);
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &DbInstance> {
        self.instances.values()
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = &DbCluster> {
        self.clusters.values()
    }

    /// The instances that replicate this one.
    pub(super) fn replicas_of(&self, source: &DbInstance) -> impl Iterator<Item = &DbInstance> {
        self.instances().filter(|instance| instance.replica_of.as_ref().is_some_and(|id| source.is(id)))
    }
}
