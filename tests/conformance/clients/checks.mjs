// What the programs for AWS's SDK for JavaScript share. They print as checks.py does.
// AWS_ENDPOINT_URL is the server, FUNCTION the ARN of a rotation function, AWS_SDK_JS the folder of the SDK.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

export const sdk = createRequire(process.env.AWS_SDK_JS + "/")("@aws-sdk/client-secrets-manager");
const client = region => new sdk.SecretsManager({ region, maxAttempts: 1 });
export const here = client("us-east-1"), there = client("eu-west-1");

export async function check(what, run) {
  try {
    await run();
    console.log(`ok: ${what}`);
  } catch (error) {
    const lines = `${error.name}: ${error.message}`.split("\n").map(line => line.trim()).filter(line => line);
    console.log(`differs: ${what}: ${lines.join(" ")}`);
  }
}

// undefined is a member that must be absent.
export function has(response, members) {
  for (const [member, value] of Object.entries(members)) assert.deepEqual(response[member], value, `${member} of ${JSON.stringify(response)}`);
  return response;
}

export async function refused(name, call) {
  const response = await call.catch(error => error);
  assert.equal(response.name, name, `${name} was expected, and ${JSON.stringify(response)} came`);
  assert.ok(response instanceof sdk.SecretsManagerServiceException);
}

export async function until(call, holds) {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await call();
    if (holds(found)) return found;
    assert.ok(Date.now() < end, `it never came about: ${JSON.stringify(found)}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

// Calls the operations on a secret that does not exist.
export async function unknown(operations) {
  for (const [operation, members] of Object.entries(operations)) {
    await check(`${operation} of a secret that does not exist`, () =>
      refused("ResourceNotFoundException", here[operation]({ SecretId: "nobody", ...members })));
  }
}
