// The life of secrets, by AWS's SDK for JavaScript.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { check, has, here, refused, sdk, unknown, until } from "./checks.mjs";

const secret = { SecretId: "app" };
const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
let arn;

await check("create with a text, tags, a description and a KMS key", async () => {
  const made = await here.createSecret({
    Name: "app", SecretString: "one", ClientRequestToken: first, Description: "a shop", KmsKeyId: "alias/shop",
    Tags: [{ Key: "team", Value: "blue" }],
  });
  arn = has(made, { Name: "app", VersionId: first }).ARN;
});
await check("describe what was created", async () => {
  const found = await here.describeSecret(secret);
  has(found, { ARN: arn, Description: "a shop", KmsKeyId: "alias/shop", Tags: [{ Key: "team", Value: "blue" }], DeletedDate: undefined });
  has(found, { VersionIdsToStages: { [first]: ["AWSCURRENT"] }, RotationEnabled: undefined, LastAccessedDate: undefined });
  assert.ok(found.CreatedDate instanceof Date && Math.abs(found.CreatedDate - Date.now()) < 600_000);
});
await check("create and get bytes", async () => {
  await here.createSecret({ Name: "bytes", SecretBinary: new Uint8Array([0, 255]) });
  const found = await here.getSecretValue({ SecretId: "bytes" });
  assert.deepEqual([...found.SecretBinary], [0, 255]);
  has(found, { SecretString: undefined });
});
await check("put, and get by ARN, stage and version", async () => {
  has(await here.putSecretValue({ ...secret, SecretString: "two", ClientRequestToken: second }), { VersionId: second, VersionStages: ["AWSCURRENT"] });
  has(await here.getSecretValue({ SecretId: arn }), { SecretString: "two" });
  has(await here.getSecretValue({ ...secret, VersionStage: "AWSPREVIOUS" }), { SecretString: "one" });
  has(await here.getSecretValue({ ...secret, VersionId: first }), { SecretString: "one", VersionStages: ["AWSPREVIOUS"] });
  await refused("ResourceExistsException", here.putSecretValue({ ...secret, SecretString: "x", ClientRequestToken: second }));
});
await check("update the description only, then the value", async () => {
  has(await here.updateSecret({ ...secret, Description: "a bigger shop" }), { VersionId: undefined });
  has(await here.updateSecret({ ...secret, SecretString: "three", ClientRequestToken: third }), { VersionId: third });
  has(await here.describeSecret(secret), { Description: "a bigger shop", VersionIdsToStages: { [second]: ["AWSPREVIOUS"], [third]: ["AWSCURRENT"] } });
});
await check("list versions, with and without a label", async () => {
  const ids = async more => (await here.listSecretVersionIds({ ...secret, ...more })).Versions.map(version => version.VersionId);
  assert.deepEqual(await ids({}), [second, third]);
  assert.deepEqual(await ids({ IncludeDeprecated: true }), [first, second, third]);
});
await check("move AWSCURRENT back", async () => {
  const move = { ...secret, VersionStage: "AWSCURRENT", MoveToVersionId: second };
  await refused("InvalidParameterException", here.updateSecretVersionStage(move));
  has(await here.updateSecretVersionStage({ ...move, RemoveFromVersionId: third }), { ARN: arn, Name: "app" });
  has(await here.getSecretValue(secret), { SecretString: "two" });
});
await check("tag and untag", async () => {
  await here.tagResource({ ...secret, Tags: [{ Key: "stage", Value: "live" }] });
  await here.untagResource({ ...secret, TagKeys: ["team", "never"] });
  has(await here.describeSecret(secret), { Tags: [{ Key: "stage", Value: "live" }] });
});
await check("list in pages, by filters", async () => {
  for (let number = 0; number < 5; number++) await here.createSecret({ Name: `list/${number}`, SecretString: `v${number}` });
  const Filters = [{ Key: "name", Values: ["list/"] }], pages = [];
  for await (const page of sdk.paginateListSecrets({ client: here, pageSize: 2 }, { Filters, SortBy: "name", SortOrder: "asc" })) {
    pages.push(page.SecretList.map(found => found.Name));
  }
  assert.deepEqual(pages.filter(page => page.length), [["list/0", "list/1"], ["list/2", "list/3"], ["list/4"]]);
});
await check("get a batch by ids and by filters", async () => {
  const found = await here.batchGetSecretValue({ SecretIdList: ["list/1", "nobody", "list/3"] });
  assert.deepEqual(found.SecretValues.map(value => value.SecretString), ["v1", "v3"]);
  assert.deepEqual(found.Errors.map(error => [error.SecretId, error.ErrorCode]), [["nobody", "ResourceNotFoundException"]]);
  const page = await here.batchGetSecretValue({ Filters: [{ Key: "name", Values: ["list/"] }], MaxResults: 2 });
  assert.equal(page.SecretValues.length, 2);
  assert.ok(page.NextToken);
  await refused("InvalidParameterException", here.batchGetSecretValue({}));
});
await check("rotate, wait and cancel", async () => {
  const version = randomUUID();
  const rotation = { RotationLambdaARN: process.env.FUNCTION, RotationRules: { AutomaticallyAfterDays: 30 } };
  has(await here.rotateSecret({ ...secret, ...rotation, ClientRequestToken: version }), { Name: "app", VersionId: version });
  const found = await until(() => here.describeSecret(secret), found => found.LastRotatedDate);
  has(found, { ...rotation, RotationEnabled: true });
  assert.ok(found.NextRotationDate > found.CreatedDate);
  has(await here.getSecretValue(secret), { SecretString: "rotated", VersionId: version });
  await here.cancelRotateSecret(secret);
  has(await here.describeSecret(secret), { RotationEnabled: false, NextRotationDate: undefined });
  await refused("AccessDeniedException", here.rotateSecret({ SecretId: "bytes", RotationLambdaARN: process.env.FUNCTION + "-nobody" }));
});
await check("delete, restore and delete by force", async () => {
  const found = await here.deleteSecret({ SecretId: "bytes", RecoveryWindowInDays: 7 });
  assert.ok(Math.abs(found.DeletionDate - Date.now() - 7 * 86_400_000) < 3_600_000);
  await refused("InvalidRequestException", here.getSecretValue({ SecretId: "bytes" }));
  await here.restoreSecret({ SecretId: "bytes" });
  has(await here.getSecretValue({ SecretId: "bytes" }), { SecretString: undefined });
  await here.deleteSecret({ SecretId: "bytes", ForceDeleteWithoutRecovery: true });
  await refused("ResourceNotFoundException", here.describeSecret({ SecretId: "bytes" }));
});
await check("a random password", async () => {
  const { RandomPassword } = await here.getRandomPassword({ PasswordLength: 50, ExcludePunctuation: true });
  assert.match(RandomPassword, /^[0-9A-Za-z]{50}$/);
});
await unknown({
  cancelRotateSecret: {}, deleteSecret: {}, describeSecret: {}, getSecretValue: {},
  listSecretVersionIds: {}, putSecretValue: { SecretString: "x" }, restoreSecret: {},
  rotateSecret: {}, tagResource: { Tags: [{ Key: "k", Value: "v" }] }, untagResource: { TagKeys: ["k"] },
  updateSecret: { SecretString: "x" }, updateSecretVersionStage: { VersionStage: "AWSCURRENT", MoveToVersionId: randomUUID() },
});
console.log("end");
