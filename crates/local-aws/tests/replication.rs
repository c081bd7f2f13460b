//! Secrets are replicated to other regions, at once, late or not at all.

use std::time::Duration;

use local_aws::{Options, ReplicationOptions};
use serde_json::{Value as Json, json};

use crate::support::{Aws, In, id};

const REPLICA_ERROR: &str =
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.";

async fn with_options(replication: ReplicationOptions) -> Aws {
    let aws = Aws::start_with(Options { replication, ..Options::default() }).await;
    aws.create("app", "one", 1).await;
    aws
}

/// A server with a secret `app` in us-east-1 and its replica in eu-west-1.
async fn replicated() -> Aws {
    let aws = with_options(ReplicationOptions::default()).await;
    aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    aws
}

fn to(region: &str) -> Json {
    json!({"SecretId": "app", "AddReplicaRegions": [{"Region": region}]})
}

fn app() -> Json {
    json!({"SecretId": "app"})
}

async fn status(aws: &Aws) -> Json {
    aws.ok("DescribeSecret", app()).await["ReplicationStatus"].clone()
}

async fn value_in(aws: &Aws, region: &'static str) -> Option<String> {
    let value = In(aws, region).call("GetSecretValue", app()).await.ok()?;
    value["SecretString"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_replica_has_the_primarys_arn_in_its_region_and_its_value() {
    let aws = with_options(ReplicationOptions::default()).await;
    let response = aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    let arn = response["ARN"].as_str().expect("an ARN").to_owned();
    assert_eq!(
        response["ReplicationStatus"],
        json!([{"Region": "eu-west-1", "KmsKeyId": "alias/aws/secretsmanager", "Status": "InProgress"}])
    );
    let synced = status(&aws).await;
    assert_eq!((&synced[0]["Status"], synced[0].get("LastAccessedDate")), (&json!("InSync"), None));
    let value = In(&aws, "eu-west-1").ok("GetSecretValue", app()).await;
    assert_eq!(value["ARN"], arn.replace("us-east-1", "eu-west-1"));
    assert_eq!((&value["SecretString"], &value["VersionId"]), (&json!("one"), &json!(id(1))));
    assert!(status(&aws).await[0]["LastAccessedDate"].is_number());
    let primary = aws.ok("DescribeSecret", app()).await;
    assert_eq!(primary["PrimaryRegion"], "us-east-1");
    assert_eq!(primary.get("LastAccessedDate"), None, "each region has its own");
    let replica = In(&aws, "eu-west-1").ok("DescribeSecret", app()).await;
    assert_eq!((&replica["PrimaryRegion"], replica.get("ReplicationStatus")), (&json!("us-east-1"), None));
}

#[tokio::test]
async fn a_secret_that_takes_no_part_in_replication_shows_none() {
    let aws = replicated().await;
    aws.create("other", "x", 2).await;
    let other = aws.ok("DescribeSecret", json!({"SecretId": "other"})).await;
    assert_eq!((other.get("PrimaryRegion"), other.get("ReplicationStatus")), (None, None));
    let names = async |region, filter| {
        let filter = json!({"Filters": [{"Key": "primary-region", "Values": [filter]}]});
        let list = In(&aws, region).ok("ListSecrets", filter).await["SecretList"].clone();
        list.as_array().expect("a list").iter().map(|secret| secret["Name"].clone()).collect::<Json>()
    };
    assert_eq!(names("us-east-1", "us-east-1").await, json!(["app"]));
    assert_eq!(names("eu-west-1", "us-east").await, json!(["app"]));
    assert_eq!(names("eu-west-1", "eu-west-1").await, json!([]));
}

#[tokio::test]
async fn a_replica_follows_every_change_of_its_primary() {
    let aws = replicated().await;
    let shown = async |region| {
        let mut description = In(&aws, region).ok("DescribeSecret", app()).await;
        let members = ["Description", "Tags", "VersionIdsToStages", "LastChangedDate"];
        let shown: Vec<Json> = members.iter().map(|member| description[*member].take()).collect();
        let policy = In(&aws, region).ok("GetResourcePolicy", app()).await["ResourcePolicy"].clone();
        (shown, policy)
    };
    let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    let policy = json!({"Statement": statement}).to_string();
    for (operation, change) in [
        ("PutSecretValue", json!({"SecretString": "two", "ClientRequestToken": id(2)})),
        ("UpdateSecret", json!({"Description": "what it is for"})),
        ("TagResource", json!({"Tags": [{"Key": "team", "Value": "a"}]})),
        ("UntagResource", json!({"TagKeys": ["team"]})),
        ("PutResourcePolicy", json!({"ResourcePolicy": policy})),
        ("UpdateSecretVersionStage", json!({"VersionStage": "mine", "MoveToVersionId": id(1)})),
        ("DeleteResourcePolicy", json!({})),
    ] {
        let before = shown("eu-west-1").await;
        let mut request = change;
        request["SecretId"] = json!("app");
        aws.ok(operation, request).await;
        let after = shown("eu-west-1").await;
        assert_ne!(before, after, "{operation}");
        assert_eq!(after, shown("us-east-1").await, "{operation}");
    }
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_replica_is_changed_in_the_primarys_region_only() {
    let aws = replicated().await;
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:rotate";
    for (operation, members) in [
        ("CancelRotateSecret", json!({})),
        ("DeleteResourcePolicy", json!({})),
        ("DeleteSecret", json!({})),
        ("DeleteSecret", json!({"ForceDeleteWithoutRecovery": true})),
        ("PutResourcePolicy", json!({"ResourcePolicy": "{}"})),
        ("PutSecretValue", json!({"SecretString": "x", "ClientRequestToken": id(9)})),
        ("RemoveRegionsFromReplication", json!({"RemoveReplicaRegions": ["us-east-1"]})),
        ("ReplicateSecretToRegions", json!({"AddReplicaRegions": [{"Region": "eu-west-2"}]})),
        ("RestoreSecret", json!({})),
        ("RotateSecret", json!({"RotationLambdaARN": arn, "ClientRequestToken": id(9)})),
        ("TagResource", json!({"Tags": [{"Key": "a", "Value": "b"}]})),
        ("UntagResource", json!({"TagKeys": ["a"]})),
        ("UpdateSecret", json!({"Description": "x"})),
        ("UpdateSecret", json!({"SecretString": "x", "ClientRequestToken": id(9)})),
        ("UpdateSecretVersionStage", json!({"VersionStage": "x", "MoveToVersionId": id(1)})),
    ] {
        let mut request = members;
        request["SecretId"] = json!("app");
        let refused = In(&aws, "eu-west-1").call(operation, request).await.expect_err(operation);
        assert_eq!(
            (refused.code.as_str(), refused.message.as_str()),
            ("InvalidParameterException", REPLICA_ERROR)
        );
    }
    let create = json!({"Name": "app", "SecretString": "one", "ClientRequestToken": id(1)});
    let refused = In(&aws, "eu-west-1").call("CreateSecret", create).await.expect_err("an error");
    assert_eq!(refused.code, "ResourceExistsException");
    for (operation, request) in
        [("ListSecretVersionIds", app()), ("BatchGetSecretValue", json!({"SecretIdList": ["app"]}))]
    {
        In(&aws, "eu-west-1").ok(operation, request).await;
    }
}

#[tokio::test]
async fn a_primary_with_replicas_is_not_deleted() {
    let aws = replicated().await;
    let arn = aws.ok("ReplicateSecretToRegions", to("ap-south-1")).await["ARN"].clone();
    let arn = arn.as_str().expect("an ARN");
    let text =
        format!("You can't delete secret {arn} that still has replica regions [ap-south-1, eu-west-1].");
    for force in [false, true] {
        let request = json!({"SecretId": "app", "ForceDeleteWithoutRecovery": force});
        let refused = aws.call("DeleteSecret", request).await.expect_err("an error");
        assert_eq!((refused.code.as_str(), &refused.message), ("InvalidParameterException", &text));
    }
    let both = json!({"SecretId": "app", "RemoveReplicaRegions": ["ap-south-1", "eu-west-1", "eu-west-2"]});
    let left = aws.ok("RemoveRegionsFromReplication", both).await;
    assert_eq!((&left["ARN"], &left["ReplicationStatus"]), (&json!(arn), &json!([])));
    assert_eq!(value_in(&aws, "eu-west-1").await, None);
    aws.ok("DeleteSecret", app()).await;
}

#[tokio::test]
async fn a_replica_that_replication_stops_for_is_a_secret_of_its_own() {
    let aws = replicated().await;
    let here = aws.call("StopReplicationToReplica", app()).await.expect_err("an error");
    assert_eq!(here.code, "InvalidParameterException");
    let europe = In(&aws, "eu-west-1");
    let stopped = europe.ok("StopReplicationToReplica", app()).await;
    let alone = europe.ok("DescribeSecret", app()).await;
    assert_eq!((stopped["ARN"].clone(), alone.get("PrimaryRegion")), (alone["ARN"].clone(), None));
    let primary = aws.ok("DescribeSecret", app()).await;
    assert_eq!((primary.get("ReplicationStatus"), primary.get("PrimaryRegion")), (None, None));
    aws.put(2, "two", &["AWSCURRENT"]).await.expect("a put");
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("one"));
    let put = json!({"SecretId": "app", "SecretString": "mine", "ClientRequestToken": id(3)});
    europe.ok("PutSecretValue", put).await;
    aws.ok("DeleteSecret", app()).await;
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("mine"));
}

#[tokio::test]
async fn another_secret_of_the_name_is_overwritten_only_by_force() {
    let aws = with_options(ReplicationOptions::default()).await;
    let europe = In(&aws, "eu-west-1");
    let theirs = json!({"Name": "app", "SecretString": "theirs", "ClientRequestToken": id(5)});
    europe.ok("CreateSecret", theirs).await;
    aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    let failed = status(&aws).await;
    assert_eq!(failed[0]["Status"], "Failed");
    let text = "Replication failed: Secret name simple already exists in region eu-west-1.";
    assert_eq!(failed[0]["StatusMessage"], text);
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("theirs"));
    // Removing a region that never got its replica leaves the other secret.
    aws.ok("RemoveRegionsFromReplication", json!({"SecretId": "app", "RemoveReplicaRegions": ["eu-west-1"]}))
        .await;
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("theirs"));
    let mut force = to("eu-west-1");
    force["ForceOverwriteReplicaSecret"] = json!(true);
    aws.ok("ReplicateSecretToRegions", force).await;
    assert_eq!(status(&aws).await[0]["Status"], "InSync");
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn force_does_not_overwrite_a_secret_with_replicas_of_its_own() {
    let aws = with_options(ReplicationOptions::default()).await;
    let theirs = json!({
        "Name": "app", "SecretString": "theirs", "ClientRequestToken": id(5),
        "AddReplicaRegions": [{"Region": "eu-west-2"}],
    });
    In(&aws, "eu-west-1").ok("CreateSecret", theirs).await;
    for region in ["eu-west-1", "eu-west-2"] {
        let mut force = to(region);
        force["ForceOverwriteReplicaSecret"] = json!(true);
        aws.ok("ReplicateSecretToRegions", force).await;
        assert_eq!(value_in(&aws, region).await.as_deref(), Some("theirs"));
    }
    let statuses = status(&aws).await;
    assert_eq!((&statuses[0]["Status"], &statuses[1]["Status"]), (&json!("Failed"), &json!("Failed")));
}

#[tokio::test]
async fn regions_that_cannot_have_a_replica_are_refused() {
    let aws = with_options(ReplicationOptions::default()).await;
    for (regions, code) in [
        (json!([{"Region": "us-east-1"}]), "InvalidParameterException"),
        (json!([{"Region": "cn-north-1"}]), "InvalidParameterException"),
        (json!([{"Region": "eu-west-1"}, {"Region": "eu-west-1"}]), "InvalidParameterException"),
        (json!([{"Region": "Europe"}]), "ValidationException"),
        (json!([{"Region": ""}]), "ValidationException"),
        (json!([{}]), "ValidationException"),
        (json!([]), "ValidationException"),
    ] {
        let request = json!({"SecretId": "app", "AddReplicaRegions": regions});
        assert_eq!(aws.code("ReplicateSecretToRegions", request).await, code, "{regions}");
        let request = json!({
            "Name": "new", "SecretString": "x", "ClientRequestToken": id(4), "AddReplicaRegions": regions,
        });
        assert_eq!(aws.code("CreateSecret", request).await, code, "{regions}");
        assert_eq!(aws.code("DescribeSecret", json!({"SecretId": "new"})).await, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_new_secret_has_its_replicas_from_the_start() {
    let aws = Aws::start().await;
    let request = json!({
        "Name": "app",
        "SecretString": "one",
        "ClientRequestToken": id(1),
        "AddReplicaRegions": [{"Region": "eu-west-1", "KmsKeyId": "alias/europe"}],
    });
    let created = aws.ok("CreateSecret", request).await;
    assert_eq!(created["ReplicationStatus"][0]["KmsKeyId"], "alias/europe");
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("one"));
    let replica = In(&aws, "eu-west-1").ok("DescribeSecret", app()).await;
    assert_eq!(replica["KmsKeyId"], "alias/europe");
    assert_eq!(aws.ok("DescribeSecret", app()).await.get("KmsKeyId"), None);
}

#[tokio::test]
async fn the_key_of_a_replica_is_changed_in_its_own_region() {
    let aws = replicated().await;
    let request = json!({"SecretId": "app", "KmsKeyId": "alias/europe"});
    In(&aws, "eu-west-1").ok("UpdateSecret", request).await;
    assert_eq!(In(&aws, "eu-west-1").ok("DescribeSecret", app()).await["KmsKeyId"], "alias/europe");
    let synced = status(&aws).await;
    assert_eq!((&synced[0]["KmsKeyId"], &synced[0]["Status"]), (&json!("alias/europe"), &json!("InSync")));
    assert_eq!(aws.ok("DescribeSecret", app()).await.get("KmsKeyId"), None);
}

#[tokio::test]
async fn a_replica_with_a_failing_key_fails() {
    let failing_keys = vec!["alias/broken".to_owned()];
    let aws = Aws::start_with(Options { failing_keys, ..Options::default() }).await;
    aws.create("app", "one", 1).await;
    let regions = json!([{"Region": "eu-west-1", "KmsKeyId": "alias/broken"}, {"Region": "eu-west-2"}]);
    aws.ok("ReplicateSecretToRegions", json!({"SecretId": "app", "AddReplicaRegions": regions})).await;
    let statuses = status(&aws).await;
    assert_eq!((&statuses[0]["Status"], &statuses[1]["Status"]), (&json!("Failed"), &json!("InSync")));
    assert_eq!(value_in(&aws, "eu-west-1").await, None);
}

#[tokio::test]
async fn a_slow_replica_is_in_progress_and_keeps_what_it_has() {
    // So long that no test run reaches it.
    let delay = Duration::from_secs(1_000_000);
    let aws = with_options(ReplicationOptions { delay, ..ReplicationOptions::default() }).await;
    aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    assert_eq!(status(&aws).await[0]["Status"], "InProgress");
    assert_eq!(value_in(&aws, "eu-west-1").await, None);
}

#[tokio::test]
async fn a_delayed_replica_is_in_sync_in_the_end() {
    let delay = Duration::from_millis(20);
    let aws = with_options(ReplicationOptions { delay, ..ReplicationOptions::default() }).await;
    aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    for (digit, value) in [(2, "two"), (3, "three")] {
        aws.put(digit, value, &["AWSCURRENT"]).await.expect("a put");
        while status(&aws).await[0]["Status"] != "InSync" {
            tokio::task::yield_now().await;
        }
        assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some(value));
    }
}

#[tokio::test]
async fn a_replica_in_a_failing_region_fails_and_the_others_do_not() {
    let failing_regions = vec!["eu-west-1".to_owned()];
    let aws = with_options(ReplicationOptions { failing_regions, ..ReplicationOptions::default() }).await;
    for region in ["eu-west-1", "eu-west-2"] {
        aws.ok("ReplicateSecretToRegions", to(region)).await;
    }
    aws.put(2, "two", &["AWSCURRENT"]).await.expect("a put");
    let statuses = status(&aws).await;
    assert_eq!((&statuses[0]["Status"], &statuses[1]["Status"]), (&json!("Failed"), &json!("InSync")));
    let message = statuses[0]["StatusMessage"].as_str().expect("a message");
    assert!(message.starts_with("Replication failed: ") && message.contains("eu-west-1"), "{message}");
    assert_eq!(value_in(&aws, "eu-west-1").await, None);
    assert_eq!(value_in(&aws, "eu-west-2").await.as_deref(), Some("two"));
}

/// The events that the server has emitted: name, secret, version and message.
fn failures(aws: &Aws) -> Vec<[Json; 4]> {
    let detail = |event: &Json| {
        let detail = &event["detail"];
        let (name, secret) = (detail["eventName"].clone(), detail["additionalEventData"]["SecretId"].clone());
        [name, secret, detail["requestID"].clone(), detail["errorMessage"].clone()]
    };
    aws.server.events().iter().map(detail).collect()
}

#[tokio::test]
async fn each_failure_to_replicate_is_an_event_of_the_primary() {
    let aws = with_options(ReplicationOptions::default()).await;
    In(&aws, "eu-west-1").ok("CreateSecret", json!({"Name": "app", "ClientRequestToken": id(9)})).await;
    let regions = json!([{"Region": "eu-west-1"}, {"Region": "eu-west-2"}]);
    let request = json!({"SecretId": "app", "AddReplicaRegions": regions});
    let arn = aws.ok("ReplicateSecretToRegions", request).await["ARN"].clone();
    let event = |digit| {
        let request = format!("Replication-{}-{}", arn.as_str().expect("an ARN"), id(digit));
        let message = "Replication failed: Secret name simple already exists in region eu-west-1.";
        [json!("ReplicationFailed"), arn.clone(), json!(request), json!(message)]
    };
    assert_eq!(failures(&aws), [event(1)]);
    aws.ok("GetSecretValue", app()).await;
    assert_eq!(failures(&aws), [event(1)], "nothing is tried again before the next change");
    aws.put(2, "two", &["AWSCURRENT"]).await.expect("a new value");
    assert_eq!(failures(&aws), [event(1), event(2)]);
    In(&aws, "eu-west-1")
        .ok("DeleteSecret", json!({"SecretId": "app", "ForceDeleteWithoutRecovery": true}))
        .await;
    aws.put(3, "three", &["AWSCURRENT"]).await.expect("a new value");
    assert_eq!(failures(&aws).len(), 2, "the replica follows, now that the name is free");
}

#[tokio::test]
async fn a_region_that_has_failed_keeps_its_copy_until_it_is_replicated_there_again() {
    let aws = replicated().await;
    let failing_regions = vec!["eu-west-1".to_owned()];
    aws.server.set_replication(ReplicationOptions { failing_regions, ..ReplicationOptions::default() });
    aws.put(2, "two", &["AWSCURRENT"]).await.expect("a put");
    aws.server.set_replication(ReplicationOptions::default());
    assert_eq!(status(&aws).await[0]["Status"], "Failed", "nothing is tried again before the next change");
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("one"));
    aws.ok("ReplicateSecretToRegions", to("eu-west-1")).await;
    assert_eq!(status(&aws).await[0]["Status"], "InSync");
    assert_eq!(value_in(&aws, "eu-west-1").await.as_deref(), Some("two"));
}
