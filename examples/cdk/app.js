// The secret of one application's database user, rotated by a deployed function of template.yaml. In a CDK project:
// npm install aws-cdk-lib constructs, and cdk deploy --app "node app.js".
//
// 1. Deploy the functions (template.yaml). ROTATION_STACK is the name of their stack.
// 2. cdk deploy. The secret has a generated password; set it for the user in the database.
// 3. cdk deploy --context rotates=true. testSecret runs at once; the first rotation comes by the schedule.
//
// CfnRotationSchedule and not addRotationSchedule, which takes rules in days only, and wants to change the function's
// policy and role: template.yaml lets Secrets Manager call its functions for every secret of the account already.

const { App, CfnOutput, Fn, RemovalPolicy, Stack } = require("aws-cdk-lib");
const { CfnRotationSchedule, Secret } = require("aws-cdk-lib/aws-secretsmanager");

const ROTATION_STACK = "rotation";
const FUNCTION = "PostgresSingleUser";

const app = new App();
const stack = new Stack(app, "prod-shop-secret");

const secret = new Secret(stack, "Secret", {
  secretName: "prod/shop/db",
  description: "The user shop of the database shop",
  removalPolicy: RemovalPolicy.RETAIN,
  generateSecretString: {
    secretStringTemplate: JSON.stringify({
      engine: "postgres", host: "shop.example.com", port: 5432, dbname: "shop", username: "shop",
    }),
    generateStringKey: "password",
    passwordLength: 32,
    excludeCharacters: "/@\"'\\: ",
  },
});

if (stack.node.tryGetContext("rotates")) {
  new CfnRotationSchedule(stack, "RotationSchedule", {
    secretId: secret.secretArn,
    rotationLambdaArn: Fn.importValue(`${ROTATION_STACK}-${FUNCTION}Arn`),
    rotateImmediatelyOnUpdate: false,
    rotationRules: { scheduleExpression: "cron(0 3 ? * SUN *)", duration: "3h" },
  });
}

new CfnOutput(stack, "SecretArn", { value: secret.secretArn });
