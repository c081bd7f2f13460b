// Replicas in other regions, by AWS's SDK for JavaScript.
import { check, has, here, refused, there, unknown, until } from "./checks.mjs";

const secret = { SecretId: "spread" };
const { ARN: arn } = await here.createSecret({ Name: "spread", SecretString: "one" });

await check("replicate, read there, and stop replication", async () => {
  const AddReplicaRegions = [{ Region: "eu-west-1" }], replica = arn.replace("us-east-1", "eu-west-1");
  has(await here.replicateSecretToRegions({ ...secret, AddReplicaRegions }), { ARN: arn });
  await until(() => here.describeSecret(secret), found => found.ReplicationStatus[0].Status === "InSync");
  has(await there.getSecretValue(secret), { ARN: replica, SecretString: "one" });
  await refused("InvalidParameterException", there.putSecretValue({ ...secret, SecretString: "x" }));
  await refused("InvalidParameterException", here.deleteSecret(secret));
  has(await there.stopReplicationToReplica(secret), { ARN: replica });
  has(await there.describeSecret(secret), { PrimaryRegion: undefined });
  await there.putSecretValue({ ...secret, SecretString: "alone" });
  has(await here.getSecretValue(secret), { SecretString: "one" });
});
await check("create with a replica, and remove it", async () => {
  await here.createSecret({ Name: "wide", SecretString: "w", AddReplicaRegions: [{ Region: "eu-west-1" }] });
  await until(() => here.describeSecret({ SecretId: "wide" }), found => found.ReplicationStatus[0].Status === "InSync");
  has(await here.removeRegionsFromReplication({ SecretId: "wide", RemoveReplicaRegions: ["eu-west-1"] }), { ReplicationStatus: [] });
  await refused("ResourceNotFoundException", there.describeSecret({ SecretId: "wide" }));
});
await unknown({
  removeRegionsFromReplication: { RemoveReplicaRegions: ["eu-west-1"] }, stopReplicationToReplica: {},
  replicateSecretToRegions: { AddReplicaRegions: [{ Region: "eu-west-1" }] },
});
console.log("end");
