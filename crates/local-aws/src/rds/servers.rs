use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::secrets::Region;

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

/// The registered servers of an account, region by region.
pub(crate) struct Registry {
    account: String,
    regions: BTreeMap<Region, Servers>,
}

/// The registered servers of a region, by identifier.
pub(crate) struct Servers {
    /// What their ARNs begin with.
    arn_prefix: String,
    instances: BTreeMap<String, DbInstance>,
    clusters: BTreeMap<String, DbCluster>,
}

impl Registry {
    pub(crate) fn new(account: String) -> Self {
        Registry { account, regions: BTreeMap::new() }
    }

    /// The servers of a region; none until one is registered there.
    pub(crate) fn region(&mut self, region: &Region) -> &mut Servers {
        let account = &self.account;
        self.regions.entry(region.clone()).or_insert_with(|| Servers {
            arn_prefix: format!("arn:{}:rds:{}:{account}:", region.partition(), region.name()),
            instances: BTreeMap::new(),
            clusters: BTreeMap::new(),
        })
    }
}

impl Servers {
    /// Adds an instance, or replaces the one with the same identifier. Returns its ARN.
    pub(crate) fn add_instance(&mut self, instance: DbInstance) -> String {
        let arn = self.instance_arn(&instance);
        self.instances.insert(instance.identifier.to_ascii_lowercase(), instance);
        arn
    }

    /// Adds a cluster, or replaces the one with the same identifier. Returns its ARN.
    pub(crate) fn add_cluster(&mut self, cluster: DbCluster) -> String {
        let arn = self.cluster_arn(&cluster);
        self.clusters.insert(cluster.identifier.to_ascii_lowercase(), cluster);
        arn
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &DbInstance> {
        self.instances.values()
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = &DbCluster> {
        self.clusters.values()
    }

    /// `DBInstanceArn`.
    pub(super) fn instance_arn(&self, instance: &DbInstance) -> String {
        format!("{}db:{}", self.arn_prefix, instance.identifier)
    }

    /// `DBClusterArn`.
    pub(super) fn cluster_arn(&self, cluster: &DbCluster) -> String {
        format!("{}cluster:{}", self.arn_prefix, cluster.identifier)
    }

    /// Whether `id`, an identifier or an ARN, names this instance.
    pub(super) fn names_instance(&self, id: &str, instance: &DbInstance) -> bool {
        id.eq_ignore_ascii_case(&instance.identifier) || id.eq_ignore_ascii_case(&self.instance_arn(instance))
    }

    /// Whether `id`, an identifier or an ARN, names this cluster.
    pub(super) fn names_cluster(&self, id: &str, cluster: &DbCluster) -> bool {
        id.eq_ignore_ascii_case(&cluster.identifier) || id.eq_ignore_ascii_case(&self.cluster_arn(cluster))
    }

    /// The instances that replicate this one.
    pub(super) fn replicas_of(&self, source: &DbInstance) -> impl Iterator<Item = &DbInstance> {
        let replicates = |instance: &&DbInstance| {
            instance.replica_of.as_ref().is_some_and(|id| self.names_instance(id, source))
        };
        self.instances().filter(replicates)
    }
}
