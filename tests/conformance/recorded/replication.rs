//! Difference 13: replicas in other regions.

use serde_json::{Value, json};

use super::row::*;

const MODEL: Known = Known(Source::ApiReference, Sure::Documented);
const THERE: &str = "eu-west-1";
const REPLICA: &str =
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.";

fn there(operation: &'static str, body: Value, expected: Value) -> Step {
    Step::Call { region: THERE, operation, body, expected: Expected::Returns(expected) }
}

fn refused_there(operation: &'static str, mut body: Value) -> Step {
    body["SecretId"] = json!("s");
    Step::Call {
        region: THERE,
        operation,
        body,
        expected: Expected::Refused("InvalidParameterException", Some(REPLICA)),
    }
}

fn replicate() -> Step {
    let body = json!({"SecretId": "s", "AddReplicaRegions": [{"Region": THERE}]});
    let status = json!([{"Region": THERE, "KmsKeyId": "alias/aws/secretsmanager", "Status": "<text>"}]);
    returns("ReplicateSecretToRegions", body, json!({"ARN": "$ARN", "ReplicationStatus": status}))
}

fn in_sync() -> Step {
    let status = json!([{"Region": THERE, "Status": "InSync"}]);
    until_described(json!({"PrimaryRegion": "us-east-1", "ReplicationStatus": status}))
}

pub(super) fn rows() -> Vec<Row> {
    let on_secret = || json!({"SecretId": "s"});
    vec![
        Row {
            difference: 13,
            what: "a replica has the secret's ARN in its own region, its value and its tags",
            source: Known(Source::UserGuide, Sure::Documented),
            steps: vec![
                create(),
                returns_nothing(
                    "TagResource",
                    json!({"SecretId": "s", "Tags": [{"Key": "k", "Value": "v"}]}),
                ),
                replicate(),
                in_sync(),
                there(
                    "GetSecretValue",
                    on_secret(),
                    json!({"ARN": "$ARN_THERE", "SecretString": "one", "VersionId": id(1)}),
                ),
                there(
                    "DescribeSecret",
                    on_secret(),
                    json!({"ARN": "$ARN", "PrimaryRegion": "us-east-1", "Tags": [{"Key": "k", "Value": "v"}]}),
                ),
            ],
        },
        Row {
            difference: 13,
            what: "a replica cannot be changed in its own region",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: vec![
                create(),
                replicate(),
                in_sync(),
                refused_there("DeleteSecret", json!({})),
                refused_there("PutResourcePolicy", json!({"ResourcePolicy": "{}"})),
                refused_there("PutSecretValue", json!({"SecretString": "x", "ClientRequestToken": id(2)})),
                refused_there("UpdateSecret", json!({"SecretString": "x", "ClientRequestToken": id(2)})),
                refused_there("TagResource", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
            ],
        },
        Row {
            difference: 13,
            what: "a secret that has replicas cannot be deleted",
            source: Known(Source::UserLog, Sure::Recorded),
            steps: vec![
                create(),
                replicate(),
                in_sync(),
                refused_saying(
                    "DeleteSecret",
                    on_secret(),
                    "InvalidParameterException",
                    "You can't delete secret $ARN that still has replica regions [eu-west-1].",
                ),
                returns(
                    "RemoveRegionsFromReplication",
                    json!({"SecretId": "s", "RemoveReplicaRegions": [THERE]}),
                    json!({"ARN": "$ARN", "ReplicationStatus": []}),
                ),
                succeeds("DeleteSecret", on_secret()),
            ],
        },
        Row {
            difference: 13,
            what: "a secret cannot be replicated into its own region",
            source: MODEL,
            steps: vec![
                create(),
                refused(
                    "ReplicateSecretToRegions",
                    json!({"SecretId": "s", "AddReplicaRegions": [{"Region": "us-east-1"}]}),
                    "InvalidParameterException",
                ),
            ],
        },
        Row {
            difference: 13,
            what: "a secret of that name in the other region fails the replication, and stays",
            source: MODEL,
            steps: vec![
                there(
                    "CreateSecret",
                    json!({"Name": "s", "SecretString": "theirs", "ClientRequestToken": id(9)}),
                    json!({"Name": "s"}),
                ),
                create(),
                replicate(),
                until_described(
                    json!({"ReplicationStatus": [{"Region": THERE, "Status": "Failed", "StatusMessage": "<text>"}]}),
                ),
                there("GetSecretValue", on_secret(), json!({"SecretString": "theirs"})),
            ],
        },
        Row {
            difference: 13,
            what: "StopReplicationToReplica makes a secret of the replica, which can be changed",
            source: MODEL,
            steps: vec![
                create(),
                replicate(),
                in_sync(),
                there("StopReplicationToReplica", on_secret(), json!({"ARN": "$ARN_THERE"})),
                there(
                    "DescribeSecret",
                    on_secret(),
                    json!({"PrimaryRegion": null, "ReplicationStatus": null}),
                ),
                there(
                    "PutSecretValue",
                    json!({"SecretId": "s", "SecretString": "alone", "ClientRequestToken": id(2)}),
                    json!({"VersionId": id(2)}),
                ),
                returns("GetSecretValue", on_secret(), json!({"SecretString": "one"})),
            ],
        },
        Row {
            difference: 14,
            what: "CreateSecret with AddReplicaRegions replicates, and shows the status",
            source: MODEL,
            steps: vec![
                returns(
                    "CreateSecret",
                    json!({
                        "Name": "s", "SecretString": "one", "ClientRequestToken": id(1),
                        "AddReplicaRegions": [{"Region": THERE, "KmsKeyId": "alias/theirs"}],
                    }),
                    json!({"VersionId": id(1), "ReplicationStatus": [{"Region": THERE, "KmsKeyId": "alias/theirs"}]}),
                ),
                in_sync(),
                there("DescribeSecret", on_secret(), json!({"KmsKeyId": "alias/theirs"})),
            ],
        },
    ]
}
