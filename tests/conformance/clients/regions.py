"""Replicas in other regions, by boto3."""

from checks import check, has, here, refused, same, there, until

REPLICA_WRITE = "Operation not permitted on a replica secret. Call must be made in primary secret's region."


def replicas():
    arn = here.create_secret(Name="wide", SecretString="w", Description="d", Tags=[{"Key": "k", "Value": "v"}])["ARN"]
    replica = arn.replace("us-east-1", "eu-west-1")
    secret = {"SecretId": "wide"}
    with check("a region does not see another's secrets"):
        refused("ResourceNotFoundException", there.get_secret_value, **secret)
    with check("replicate, and wait"):
        found = here.replicate_secret_to_regions(**secret, AddReplicaRegions=[{"Region": "eu-west-1"}])
        has(found, ARN=arn)
        same(found["ReplicationStatus"][0]["Region"], "eu-west-1")
        until(lambda: here.describe_secret(**secret), lambda found: found["ReplicationStatus"][0]["Status"] == "InSync")
        has(here.describe_secret(**secret), PrimaryRegion="us-east-1")
    with check("read a replica"):
        has(there.get_secret_value(**secret), ARN=replica, SecretString="w")
        has(there.describe_secret(**secret), ARN=replica, PrimaryRegion="us-east-1", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    with check("a new value reaches the replica"):
        here.put_secret_value(**secret, SecretString="w2")
        until(lambda: there.get_secret_value(**secret), lambda found: found["SecretString"] == "w2")
    with check("a replica cannot be written"):
        refused("InvalidParameterException", there.put_secret_value, message=REPLICA_WRITE, **secret, SecretString="x")
        refused("InvalidParameterException", there.tag_resource, message=REPLICA_WRITE, **secret, Tags=[{"Key": "k", "Value": "x"}])
        refused("InvalidParameterException", there.delete_secret, message=REPLICA_WRITE, **secret)
    with check("a secret with a replica cannot be deleted"):
        refused("InvalidParameterException", here.delete_secret, **secret, ForceDeleteWithoutRecovery=True,
                message=f"You can't delete secret {arn} that still has replica regions [eu-west-1].")
    with check("stop replication, and write"):
        has(there.stop_replication_to_replica(**secret), ARN=replica)
        has(there.describe_secret(**secret), PrimaryRegion=None, ReplicationStatus=None)
        there.put_secret_value(**secret, SecretString="alone")
        has(here.get_secret_value(**secret), SecretString="w2")
    with check("a name that exists in the region fails the replication there"):
        here.replicate_secret_to_regions(**secret, AddReplicaRegions=[{"Region": "eu-west-1"}])
        until(lambda: here.describe_secret(**secret), lambda found: found["ReplicationStatus"][0]["Status"] == "Failed")
        has(there.get_secret_value(**secret), SecretString="alone")
    with check("remove a region"):
        here.create_secret(Name="narrow", SecretString="n", AddReplicaRegions=[{"Region": "eu-west-1"}])
        until(lambda: here.describe_secret(SecretId="narrow"), lambda found: found["ReplicationStatus"][0]["Status"] == "InSync")
        found = here.remove_regions_from_replication(SecretId="narrow", RemoveReplicaRegions=["eu-west-1"])
        has(found, ReplicationStatus=[])
        refused("ResourceNotFoundException", there.describe_secret, SecretId="narrow")


def unknown():
    secret = {"SecretId": "nobody"}
    for what, call, members in [
        ("remove a region of", here.remove_regions_from_replication, {"RemoveReplicaRegions": ["eu-west-1"]}),
        ("replicate", here.replicate_secret_to_regions, {"AddReplicaRegions": [{"Region": "eu-west-1"}]}),
        ("stop replication of", here.stop_replication_to_replica, {}),
    ]:
        with check(f"{what} a secret that does not exist"):
            refused("ResourceNotFoundException", call, **secret, **members)


for part in [replicas, unknown]:
    with check(f"the part {part.__name__} ran"):
        part()
print("end")
