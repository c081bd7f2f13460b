use super::servers::{DbCluster, DbInstance, MemberRole, Servers};
use super::xml::Xml;

/// An instance: its endpoint, what it replicates, and its replicas.
pub(super) fn instance(xml: &mut Xml, instance: &DbInstance, servers: &Servers) {
    xml.element("DBInstance", |xml| {
        xml.leaf("DBInstanceIdentifier", &instance.identifier);
        xml.leaf("Engine", &instance.engine);
        xml.leaf("DBInstanceStatus", "available");
        xml.element("Endpoint", |xml| {
            xml.leaf("Address", &instance.address);
            xml.leaf("Port", instance.port);
        });
        xml.optional("ReadReplicaSourceDBInstanceIdentifier", instance.replica_of.as_deref());
        xml.element("ReadReplicaDBInstanceIdentifiers", |xml| {
            for replica in servers.replicas_of(instance) {
                xml.leaf("ReadReplicaDBInstanceIdentifier", &replica.identifier);
            }
        });
        xml.optional("DBClusterIdentifier", instance.cluster.as_deref());
        xml.leaf("DBInstanceArn", servers.instance_arn(instance));
    });
}

/// A cluster, with its endpoints and members.
pub(super) fn cluster(xml: &mut Xml, cluster: &DbCluster, servers: &Servers) {
    xml.element("DBCluster", |xml| {
        xml.leaf("DBClusterIdentifier", &cluster.identifier);
        xml.leaf("Status", "available");
        xml.leaf("Endpoint", &cluster.endpoint);
        xml.optional("ReaderEndpoint", cluster.reader_endpoint.as_deref());
        xml.element("CustomEndpoints", |xml| {
            for endpoint in &cluster.custom_endpoints {
                xml.leaf("member", endpoint);
            }
        });
        xml.leaf("Engine", &cluster.engine);
        xml.leaf("Port", cluster.port);
        xml.element("DBClusterMembers", |xml| {
            for member in &cluster.members {
                xml.element("DBClusterMember", |xml| {
                    xml.leaf("DBInstanceIdentifier", &member.instance);
                    xml.leaf("IsClusterWriter", member.role == MemberRole::Writer);
                });
            }
        });
        xml.leaf("DBClusterArn", servers.cluster_arn(cluster));
    });
}
