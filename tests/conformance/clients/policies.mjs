// Resource policies, by AWS's SDK for JavaScript.
import { check, has, here, refused, unknown } from "./checks.mjs";

const policy = principal => JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: principal, Action: "secretsmanager:GetSecretValue", Resource: "*" }],
});
const POLICY = policy({ AWS: "arn:aws:iam::123456789012:root" });

const secret = { SecretId: "guarded" };
const { ARN: arn } = await here.createSecret({ Name: "guarded", SecretString: "one" });

await check("put, get, validate and delete a policy", async () => {
  has(await here.getResourcePolicy(secret), { ARN: arn, Name: "guarded", ResourcePolicy: undefined });
  has(await here.putResourcePolicy({ ...secret, ResourcePolicy: POLICY, BlockPublicPolicy: true }), { ARN: arn, Name: "guarded" });
  has(await here.getResourcePolicy(secret), { ResourcePolicy: POLICY });
  await refused("PublicPolicyException", here.putResourcePolicy({ ...secret, ResourcePolicy: policy("*"), BlockPublicPolicy: true }));
  await refused("MalformedPolicyDocumentException", here.putResourcePolicy({ ...secret, ResourcePolicy: "{" }));
  has(await here.validateResourcePolicy({ ResourcePolicy: POLICY }), { PolicyValidationPassed: true, ValidationErrors: [] });
  has(await here.validateResourcePolicy({ ResourcePolicy: policy("*") }), { PolicyValidationPassed: false });
  has(await here.deleteResourcePolicy(secret), { ARN: arn, Name: "guarded" });
  has(await here.getResourcePolicy(secret), { ResourcePolicy: undefined });
});
await unknown({ deleteResourcePolicy: {}, getResourcePolicy: {}, putResourcePolicy: { ResourcePolicy: POLICY } });
console.log("end");
