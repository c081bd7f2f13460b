//! `DescribeDBInstances` and `DescribeDBClusters`.

use http_body_util::Full;
use hyper::Request;
use local_aws::{DbCluster, DbClusterMember, DbInstance, MemberRole, Options};
use serde_json::json;

use crate::support::{Aws, Sign, send};

async fn describe(aws: &Aws, form: &str) -> (u16, String) {
    let request = Request::post(aws.server.url())
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(Full::from(format!("Version=2014-10-31&{form}")))
        .expect("a request")
        .sign();
    let response = send(request).await.expect("a response");
    (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
}

async fn with_servers() -> Aws {
    let aws = Aws::start().await;
    let instance = |identifier: &str, port, replica_of: Option<&str>, cluster: Option<&str>| DbInstance {
        identifier: identifier.to_owned(),
        address: "127.0.0.1".to_owned(),
        port,
        engine: "postgres".to_owned(),
        replica_of: replica_of.map(str::to_owned),
        cluster: cluster.map(str::to_owned),
    };
    aws.server.register_instance(instance("main", 5432, None, None));
    aws.server.register_instance(instance("copy", 5433, Some("main"), None));
    aws.server.register_instance(instance("node-1", 5434, None, Some("ring")));
    aws.server.register_cluster(DbCluster {
        identifier: "ring".to_owned(),
        endpoint: "ring.example".to_owned(),
        reader_endpoint: Some("ring-ro.example".to_owned()),
        custom_endpoints: vec!["a&b.example".to_owned()],
        port: 5432,
        engine: "aurora-postgresql".to_owned(),
        members: vec![DbClusterMember { instance: "node-1".to_owned(), role: MemberRole::Writer }],
    });
    aws
}

#[tokio::test]
async fn an_instance_is_found_by_identifier_and_by_arn() {
    let aws = with_servers().await;
    for id in ["main", "MAIN", "arn%3Aaws%3Ards%3Aus-east-1%3A123456789012%3Adb%3Amain"] {
        let form = format!("Action=DescribeDBInstances&DBInstanceIdentifier={id}");
        let (status, xml) = describe(&aws, &form).await;
        assert_eq!(status, 200, "{xml}");
        assert!(xml.contains("<Endpoint><Address>127.0.0.1</Address><Port>5432</Port></Endpoint>"), "{xml}");
        assert_eq!(xml.matches("<DBInstance>").count(), 1);
    }
}

#[tokio::test]
async fn a_replica_and_its_source_name_each_other() {
    let aws = with_servers().await;
    let (_, copy) = describe(&aws, "Action=DescribeDBInstances&DBInstanceIdentifier=copy").await;
    let source = "<ReadReplicaSourceDBInstanceIdentifier>main</ReadReplicaSourceDBInstanceIdentifier>";
    assert!(copy.contains(source), "{copy}");
    let (_, main) = describe(&aws, "Action=DescribeDBInstances&DBInstanceIdentifier=main").await;
    let replica = "<ReadReplicaDBInstanceIdentifier>copy</ReadReplicaDBInstanceIdentifier>";
    assert!(main.contains(replica), "{main}");
}

#[tokio::test]
async fn a_cluster_has_all_its_endpoints() {
    let aws = with_servers().await;
    let (_, xml) = describe(&aws, "Action=DescribeDBClusters&DBClusterIdentifier=ring").await;
    for part in [
        "<Endpoint>ring.example</Endpoint>",
        "<ReaderEndpoint>ring-ro.example</ReaderEndpoint>",
        "<CustomEndpoints><member>a&amp;b.example</member></CustomEndpoints>",
        "<DBInstanceIdentifier>node-1</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>",
        "<DBClusterArn>arn:aws:rds:us-east-1:123456789012:cluster:ring</DBClusterArn>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
}

#[tokio::test]
async fn filters_choose_instances() {
    let aws = with_servers().await;
    for (name, value, count) in
        [("db-cluster-id", "ring", 1), ("db-instance-id", "copy", 1), ("db-instance-id", "nobody", 0)]
    {
        let form = format!(
            "Action=DescribeDBInstances&Filters.Filter.1.Name={name}&Filters.Filter.1.Values.Value.1={value}"
        );
        let (status, xml) = describe(&aws, &form).await;
        assert_eq!((status, xml.matches("<DBInstance>").count()), (200, count), "{xml}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_registered_is_not_found() {
    let aws = with_servers().await;
    for (form, code) in [
        ("Action=DescribeDBInstances&DBInstanceIdentifier=nobody", "<Code>DBInstanceNotFound</Code>"),
        ("Action=DescribeDBClusters&DBClusterIdentifier=nobody", "<Code>DBClusterNotFoundFault</Code>"),
    ] {
        let (status, xml) = describe(&aws, form).await;
        assert_eq!(status, 404);
        assert!(xml.contains(code), "{xml}");
    }
    let operations: Vec<_> = aws.server.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["DescribeDBInstances", "DescribeDBClusters"]);
}

#[tokio::test]
async fn a_server_is_known_in_the_region_where_it_was_registered_only() {
    let account = "210987654321".to_owned();
    let aws = Aws::start_with(Options { account, ..Options::default() }).await;
    let body = json!({"identifier": "main", "address": "localhost", "port": 5432, "engine": "postgres"});
    let register = Request::put(format!("{}/_local/instances", aws.server.url()))
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .expect("a request");
    let response = send(register.sign_in("cn-north-1")).await.expect("a response");
    let arn = "arn:aws-cn:rds:cn-north-1:210987654321:db:main";
    assert_eq!(String::from_utf8_lossy(response.body()), json!({"Arn": arn}).to_string());
    for (region, status) in [("cn-north-1", 200), ("us-east-1", 404)] {
        let describe = Request::post(aws.server.url())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(format!("Action=DescribeDBInstances&DBInstanceIdentifier={arn}")))
            .expect("a request");
        let response = send(describe.sign_in(region)).await.expect("a response");
        assert_eq!(response.status().as_u16(), status, "{region}");
    }
}
