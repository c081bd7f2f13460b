//! RDS's responses about a server: the same fields in the same responses.

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_aws::{DbCluster, DbClusterMember, DbInstance, MemberRole, Options};
use testbed::{Moto, start_local_aws};

/// The fields that tell which address belongs to which server, in the order of a response.
const FIELDS: [&str; 14] = [
    "DBInstanceIdentifier",
    "DBInstanceArn",
    "Engine",
    "Address",
    "Port",
    "ReadReplicaSourceDBInstanceIdentifier",
    "ReadReplicaDBInstanceIdentifier",
    "DBClusterIdentifier",
    "DBClusterArn",
    "Endpoint",
    "ReaderEndpoint",
    "IsClusterWriter",
    "Code",
    "Type",
];

/// Calls RDS's query API. Returns the status and the fields above as `name value`, sorted.
async fn describe(url: &str, action: &str, parameters: &str) -> (u16, Vec<String>) {
    let (status, text) = call(url, action, parameters).await;
    let leaf = |(at, _): (usize, &str)| {
        let rest = &text[at + 1..];
        let (name, rest) = rest.split_once('>')?;
        let value = rest.split_once('<')?.0.trim();
        (FIELDS.contains(&name) && !value.is_empty()).then(|| format!("{name} {value}"))
    };
    let mut leaves: Vec<String> = text.match_indices('<').filter_map(leaf).collect();
    leaves.sort();
    (status, leaves)
}

async fn call(url: &str, action: &str, parameters: &str) -> (u16, String) {
    let request = hyper::Request::post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", super::http::authorization(super::http::REGION, "rds"))
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::from(format!("Action={action}&Version=2014-10-31&{parameters}")))
        .expect("a request");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<hyper::body::Bytes>>();
    let response = client.request(request).await.expect("a result");
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of a field in moto's response.
fn field(response: &[String], name: &str) -> String {
    let prefix = format!("{name} ");
    response.iter().find_map(|leaf| leaf.strip_prefix(&prefix)).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn rds_describes_instances_and_replicas_in_the_same_fields() {
    let (moto, local) = (Moto::start().await, start_local_aws(Options::default()).await);
    let made = "DBInstanceClass=db.t4g.micro&Engine=postgres&AllocatedStorage=20&MasterUsername=m&MasterUserPassword=mmmmmmmm";
    call(&moto.url(), "CreateDBInstance", &format!("DBInstanceIdentifier=shop&{made}")).await;
    let replica = "DBInstanceIdentifier=copy&SourceDBInstanceIdentifier=shop";
    call(&moto.url(), "CreateDBInstanceReadReplica", replica).await;
    for (identifier, replica_of) in [("shop", None), ("copy", Some("shop"))] {
        let id = format!("DBInstanceIdentifier={identifier}");
        let (_, theirs) = describe(&moto.url(), "DescribeDBInstances", &id).await;
        local.register_instance(DbInstance {
            identifier: identifier.into(),
            address: field(&theirs, "Address"),
            port: field(&theirs, "Port").parse().expect("a port"),
            engine: field(&theirs, "Engine"),
            replica_of: replica_of.map(String::from),
            cluster: None,
        });
    }
    let arn = "arn:aws:rds:us-east-1:123456789012:db:shop";
    for id in ["shop", "copy", arn, "nobody"] {
        let id = format!("DBInstanceIdentifier={id}");
        let ours = describe(&local.url(), "DescribeDBInstances", &id).await;
        let theirs = describe(&moto.url(), "DescribeDBInstances", &id).await;
        assert!(ours.1.len() >= 2, "{ours:?}");
        assert_eq!(ours, theirs, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rds_describes_clusters_in_the_same_fields() {
    let (moto, local) = (Moto::start().await, start_local_aws(Options::default()).await);
    let made = "Engine=aurora-postgresql&MasterUsername=m&MasterUserPassword=mmmmmmmm&Port=5432";
    call(&moto.url(), "CreateDBCluster", &format!("DBClusterIdentifier=ring&{made}")).await;
    let member = "DBInstanceIdentifier=one&DBClusterIdentifier=ring&DBInstanceClass=db.r6g.large&Engine=aurora-postgresql";
    call(&moto.url(), "CreateDBInstance", member).await;
    let (_, theirs) = describe(&moto.url(), "DescribeDBClusters", "DBClusterIdentifier=ring").await;
    local.register_cluster(DbCluster {
        identifier: "ring".into(),
        endpoint: field(&theirs, "Endpoint"),
        reader_endpoint: Some(field(&theirs, "ReaderEndpoint")),
        custom_endpoints: vec![],
        port: field(&theirs, "Port").parse().expect("a port"),
        engine: field(&theirs, "Engine"),
        members: vec![DbClusterMember { instance: "one".into(), role: MemberRole::Writer }],
    });
    for id in ["ring", "nobody"] {
        let id = format!("DBClusterIdentifier={id}");
        let ours = describe(&local.url(), "DescribeDBClusters", &id).await;
        let theirs = describe(&moto.url(), "DescribeDBClusters", &id).await;
        assert!(ours.1.len() >= 2, "{ours:?}");
        assert_eq!(ours, theirs, "{id}");
    }
}
