//! `DescribeDBInstances` and `DescribeDBClusters` of the RDS query API (2014-10-31), for servers registered here.

mod query;
mod servers;
mod write;
mod xml;

pub(crate) use query::{refuse_unauthenticated, respond};
pub(crate) use servers::Registry;
pub use servers::{DbCluster, DbClusterMember, DbInstance, MemberRole};
