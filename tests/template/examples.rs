//! The examples for other tools than CloudFormation attach a secret to what the template exports.

use std::process::Command;

use serde_json::{Value, json};
use testbed::environment::repository;

use super::{pointer, render};

/// What both examples attach a secret with: a function of the stack `rotation`, and when.
const EXPORT: &str = "rotation-PostgresSingleUserArn";
const SCHEDULE: (&str, &str) = ("cron(0 3 ? * SUN *)", "3h");

fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{command:?}: {printed}{said}");
    printed
}

fn is_exported() {
    let [plain] = render([json!({})]);
    let name = EXPORT.strip_prefix("rotation-").expect("the stack's name");
    assert!(plain.outputs.get(name).is_some(), "{name}");
}

/// The template that the CDK makes of the example.
fn synthesized(context: &Value) -> Value {
    let library = repository().join("target/tools/cdk/node_modules");
    assert!(library.exists(), "{} is missing: `make tools` fetches it", library.display());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut synth = Command::new("node");
    synth.arg(repository().join("examples/cdk/app.js")).env("NODE_PATH", library);
    synth.env("CDK_OUTDIR", folder.path()).env("CDK_CONTEXT_JSON", context.to_string());
    output_of(synth.current_dir(folder.path()));
    let template = folder.path().join("prod-shop-secret.template.json");
    output_of(Command::new(repository().join("target/tools/sam/bin/cfn-lint")).arg(&template));
    serde_json::from_str(&std::fs::read_to_string(template).expect("a template")).expect("JSON")
}

#[test]
fn the_cdk_example_attaches_its_secret_once_it_has_a_password() {
    is_exported();
    let before = synthesized(&json!({}));
    assert!(before["Resources"].get("RotationSchedule").is_none(), "{before:#}");
    let after = synthesized(&json!({"rotates": true}));
    let schedule = pointer(&after, "/Resources/RotationSchedule/Properties");
    assert_eq!(schedule["RotationLambdaARN"], json!({"Fn::ImportValue": EXPORT}));
    assert_eq!(schedule["RotateImmediatelyOnUpdate"], false);
    let rules = json!({"ScheduleExpression": SCHEDULE.0, "Duration": SCHEDULE.1});
    assert_eq!(schedule["RotationRules"], rules);
    let kinds = after["Resources"].as_object().expect("resources").values();
    assert!(kinds.into_iter().all(|resource| resource["Type"] != "AWS::Lambda::Permission"), "{after:#}");
}

/// The options are checked, and nothing is called.
#[test]
fn the_aws_cli_knows_the_options_of_the_commands_for_many_accounts() {
    let page = std::fs::read_to_string(repository().join("docs/deploying.md")).expect("a page");
    let sections = crate::runbook::sections(&page);
    let (_, blocks) = sections.iter().find(|(heading, _)| heading == "Many accounts").expect("a section");
    let aws = repository().join("target/tools/awscli/bin/aws");
    let mut count = 0;
    for command in blocks[0].text.replace("\\\n", " ").lines() {
        let Some(arguments) = command.strip_prefix("aws cloudformation ") else { continue };
        let arguments = arguments.split(" > ").next().unwrap_or_default().split_whitespace();
        let mut checked = Command::new(&aws);
        checked.arg("cloudformation").args(arguments).args(["--generate-cli-skeleton", "output"]);
        output_of(checked.env("AWS_DEFAULT_REGION", "us-east-1"));
        count += 1;
    }
    assert_eq!(count, 3);
    let [plain] = render([json!({})]);
    let kinds = plain.resources.as_object().expect("resources").values();
    let transformed = kinds.filter_map(|resource| resource["Type"].as_str());
    assert!(transformed.into_iter().all(|kind| !kind.contains("Serverless")), "it needs no macro");
}

/// Read, not planned: Terraform's provider comes from its own registry.
#[test]
fn the_terraform_example_attaches_its_secret_to_what_the_stack_exports() {
    is_exported();
    let python = repository().join("target/tools/checkov/bin/python");
    assert!(python.exists(), "checkov is missing: `make tools` fetches it");
    let script = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))";
    let mut read = Command::new(python);
    let text = output_of(read.args(["-c", script]).arg(repository().join("examples/terraform/main.tf")));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    // Blocks and values are in lists there.
    let all = |kind: &str| file[kind].as_array().expect("blocks").clone();
    let value = |variable: &str| {
        let block = all("variable").into_iter().find_map(|block| block.get(variable).cloned());
        block.expect("a variable")["default"][0].as_str().expect("a default").to_owned()
    };
    let export = all("data")[0]["aws_cloudformation_export"]["function"]["name"][0].clone();
    let export = export.as_str().expect("a name").replace("${var.rotation_stack}", &value("rotation_stack"));
    assert_eq!(export.replace("${var.function}", &value("function")), EXPORT);
    let resources = all("resource");
    let rotation = resources.iter().find_map(|resource| resource.get("aws_secretsmanager_secret_rotation"));
    let rotation = &rotation.expect("a rotation")["app"];
    assert_eq!(rotation["rotation_lambda_arn"][0], "${data.aws_cloudformation_export.function.value}");
    assert_eq!(rotation["rotate_immediately"][0], false);
    let rules = &rotation["rotation_rules"][0];
    assert_eq!(rules["schedule_expression"][0], SCHEDULE.0);
    assert_eq!(rules["duration"][0], SCHEDULE.1);
    let holds_a_value =
        resources.iter().any(|resource| resource.get("aws_secretsmanager_secret_version").is_some());
    assert!(!holds_a_value, "each rotation would be a change to Terraform");
}
