//! What CloudFormation makes of template.yaml, for one set of parameters and another.

mod alarms;
mod events;
mod examples;
mod metrics;
mod packages;
mod render;
mod roles;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testbed::environment::repository;

use render::{FUNCTIONS, Rendered, pointer, render};

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db-AbCdEf";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";
const CODE_SIGNING: &str = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0";

/// Each function has a secret, a superuser and a schedule of its own, so that a mix-up shows.
fn secret_of(binary: &str) -> String {
    SECRET.replace("app/db", binary)
}

fn superuser_of(binary: &str) -> String {
    SECRET.replace("app/db", &format!("superuser-of-{binary}"))
}

fn schedule_of(binary: &str) -> (String, String) {
    (format!("rate({} days)", binary.len()), format!("{}h", binary.len() - 10))
}

/// Every parameter that a function's block has, given.
fn everything() -> Value {
    let mut parameters = json!({
        "SubnetIds": "subnet-0123456789abcdef0,subnet-12345678",
        "SecurityGroupIds": "sg-0123456789abcdef0",
        "VpcId": "vpc-0123456789abcdef0",
        "CreateSecretsManagerEndpoint": "true",
        "CreateRdsEndpoint": "true",
        "EndpointCidr": "10.0.0.0/16",
        "SecretsKmsKeyArns": KEY,
        "MonitoringKmsKeyArn": KEY,
        "AlarmEmail": "ops@example.com",
        "CloudTrailIsLogging": "true",
        "CreateConfigRules": "true",
        "OverdueAfterHours": 48,
        "RotatedWithinDays": 40,
        "PermissionsBoundaryArn": BOUNDARY,
        "RolePath": "/rotation/",
        "EnvironmentKmsKeyArn": KEY,
        "Tracing": "Active",
        "CodeSigningConfigArn": CODE_SIGNING,
        "AllowIpv6": "true",
        "EndpointIpv6Cidr": "2001:db8:1234::/56",
        "UseFipsEndpoints": "true",
    });
    for (id, binary) in FUNCTIONS {
        let (schedule, duration) = schedule_of(binary);
        parameters[format!("{id}SecretArn")] = json!(secret_of(binary));
        parameters[format!("{id}Schedule")] = json!(schedule);
        parameters[format!("{id}Duration")] = json!(duration);
        if binary != "mysql-dual-password" {
            parameters[format!("{id}SuperuserSecretArns")] = json!(superuser_of(binary));
        }
    }
    parameters
}

#[test]
fn each_function_has_a_role_a_log_group_alarms_and_a_permission() {
    let [plain, full] = render([json!({}), everything()]);
    for rendered in [&plain, &full] {
        assert_eq!(rendered.refused, Vec::<String>::new());
        assert_eq!(rendered.ids("AWS::Lambda::Function"), FUNCTIONS.map(|(id, _)| id.to_owned()).into());
        for (id, binary) in FUNCTIONS {
            let name = format!("rotate-{binary}");
            let function = rendered.properties(id);
            assert_eq!(function["FunctionName"], name);
            assert_eq!(function["Runtime"], "provided.al2023");
            assert_eq!(function["Role"], format!("{id}Role.Arn"));
            assert_eq!(function["LoggingConfig"]["LogGroup"], format!("{id}Logs"));
            let logs = rendered.properties(&format!("{id}Logs"));
            assert_eq!(logs["LogGroupName"], format!("/aws/lambda/{name}"));
            assert_eq!(logs["RetentionInDays"], "365");
            let permission = rendered.properties(&format!("{id}Permission"));
            assert_eq!(permission["Principal"], "secretsmanager.amazonaws.com");
            assert_eq!(permission["SourceAccount"], "123456789012");
            assert_eq!(permission["FunctionName"], id);
            let watch = rendered.properties(&format!("{id}Watch"));
            assert_eq!(watch["ScheduleExpression"], "rate(1 hour)");
            let target = json!({"Id": "function", "Arn": format!("{id}.Arn"), "Input": "{\"Watch\": {}}"});
            assert_eq!(watch["Targets"], json!([target]));
            let permission = rendered.properties(&format!("{id}WatchPermission"));
            assert_eq!(permission["Principal"], "events.amazonaws.com");
            assert_eq!(permission["SourceArn"], format!("{id}Watch.Arn"), "no other rule may");
            assert_eq!(permission["FunctionName"], id);
            for alarm in ["Failure", "Error", "Throttle", "Duration"] {
                let alarm = rendered.properties(&format!("{id}{alarm}Alarm"));
                assert_eq!(alarm["AlarmActions"], json!(["Topic"]));
                assert!(alarm.to_string().contains(&format!("\"Value\":\"{id}\"")), "{alarm}");
                assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold");
                assert_eq!(alarm["TreatMissingData"], "notBreaching", "most of the time nothing runs");
            }
        }
    }
    let outputs = plain.outputs.as_object().expect("outputs");
    for (name, output) in outputs.iter().filter(|(name, _)| *name != "RotationEventsReachTheTopic") {
        assert_eq!(output["Export"]["Name"], format!("stack-{name}"));
    }
    for (id, _) in FUNCTIONS {
        assert!(outputs.contains_key(&format!("{id}Arn")) && outputs.contains_key(&format!("{id}RoleArn")));
    }
}

/// Only alternating users have an idle user.
#[test]
fn the_alarm_of_sessions_is_made_only_if_it_is_asked_for() {
    let [plain, with, without_mysql] = render([
        json!({}),
        json!({"AlarmOnSessionsOfIdleUser": "true"}),
        json!({"AlarmOnSessionsOfIdleUser": "true", "CreateMySqlAlternatingUsers": "false"}),
    ]);
    let alarms = |rendered: &Rendered| {
        let alarms = rendered.ids("AWS::CloudWatch::Alarm").into_iter();
        alarms.filter(|id| id.ends_with("SessionsAlarm")).collect::<Vec<_>>()
    };
    let (mysql, postgres) = ("MySqlAlternatingUsersSessionsAlarm", "PostgresAlternatingUsersSessionsAlarm");
    assert_eq!(alarms(&plain), Vec::<String>::new());
    assert_eq!(alarms(&with), [mysql, postgres]);
    assert_eq!(alarms(&without_mysql), [postgres]);
    for (alarm, function, name) in [
        (mysql, "MySqlAlternatingUsers", "rotate-mysql-alternating-users-sessions"),
        (postgres, "PostgresAlternatingUsers", "rotate-postgres-alternating-users-sessions"),
    ] {
        let alarm = with.properties(alarm);
        assert_eq!(alarm["AlarmName"], name);
        assert_eq!(alarm["MetricName"], "SessionsOfIdleUser");
        assert_eq!(alarm["Dimensions"], json!([{"Name": "Function", "Value": function}]));
        assert_eq!((&alarm["Statistic"], &alarm["AlarmActions"]), (&json!("Maximum"), &json!(["Topic"])));
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "most of the time nothing runs");
    }
}

/// Neither rule, permission, alarm nor right.
#[test]
fn without_the_watch_nothing_of_it_is_made() {
    let [plain, without] = render([json!({}), json!({"WatchRotations": "false"})]);
    let all = |rendered: &Rendered| {
        let all = rendered.resources.as_object().expect("resources").keys().cloned();
        all.collect::<BTreeSet<_>>()
    };
    let missing: BTreeSet<_> = all(&plain).difference(&all(&without)).cloned().collect();
    let of = |(id, _)| ["Watch", "WatchPermission", "OverdueAlarm"].map(|part| format!("{id}{part}"));
    assert_eq!(missing, FUNCTIONS.into_iter().flat_map(of).collect());
    assert!(without.refused.is_empty() && !without.resources.to_string().contains("ListSecrets"));
}

/// CloudFormation cannot multiply.
#[test]
fn the_alarm_of_the_duration_is_at_four_fifths_of_every_timeout() {
    let sets: Vec<_> = [15, 30, 60, 120, 300, 900].map(|seconds| json!({"Timeout": seconds})).into();
    for (rendered, set) in render::all(&sets).iter().zip(&sets) {
        assert_eq!(rendered.refused, Vec::<String>::new());
        for (id, _) in FUNCTIONS {
            let seconds = set["Timeout"].as_u64().expect("seconds");
            assert_eq!(rendered.properties(id)["Timeout"], seconds.to_string());
            let alarm = rendered.properties(&format!("{id}DurationAlarm"));
            assert_eq!(alarm["Threshold"], seconds * 800);
        }
    }
}

/// The five blocks differ in names only, in the superuser's secrets, and in a variable of single user or alternating users.
#[test]
fn the_functions_are_alike() {
    let [plain, full] = render([json!({}), everything()]);
    let block = |rendered: &Rendered, id: &str, binary: &str| {
        let of_function = rendered.resources.as_object().expect("resources").iter();
        let of_function = of_function.filter(|(name, _)| name.starts_with(id));
        let text: BTreeSet<_> = of_function.map(|(name, of)| format!("{name} {of}")).collect();
        let (schedule, duration) = schedule_of(binary);
        let text = format!("{text:?}").replace(id, "ID").replace(binary, "BINARY");
        let text = text.replace(&schedule, "SCHEDULE").replace(&format!("\\\"{duration}\\\""), "DURATION");
        let text = without_superusers(&text)
            .replace(",\\\"PROMOTE_IN_SET_SECRET\\\":\\\"false\\\"", "")
            .replace(",\\\"REFUSE_WHILE_IDLE_USER_HAS_SESSIONS\\\":\\\"false\\\"", "");
        // The title.
        let mut parts = text.split("Rotates secrets of ");
        let (before, after) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{before}{}", after.split_once("\\\"").expect("a title ends").1)
    };
    for rendered in [&plain, &full] {
        let first = block(rendered, FUNCTIONS[0].0, FUNCTIONS[0].1);
        assert!(first.matches("ID").count() > 10 && first.matches("BINARY").count() > 5, "{first}");
        for (id, binary) in FUNCTIONS {
            assert_eq!(block(rendered, id, binary), first, "{id}");
        }
    }
}

/// Dual password has no statements about them.
fn without_superusers(text: &str) -> String {
    let Some((before, rest)) = text.split_once("{\\\"Sid\\\":\\\"ReadSecretsOfSuperusers") else {
        return text.to_owned();
    };
    let (_, after) = rest.split_once("{\\\"Sid\\\":\\\"UseKeys").expect("the next statement");
    format!("{before}{{\\\"Sid\\\":\\\"UseKeys{after}")
}

/// Every variable that the template sets, by the parameter that it comes from, none of them at its default.
#[test]
fn each_parameter_reaches_the_functions_as_the_variable_that_they_read() {
    let variables = [
        ("SECRETS_MANAGER_ENDPOINT", "SecretsManagerEndpoint", "https://secretsmanager.example"),
        ("AWS_USE_FIPS_ENDPOINT", "UseFipsEndpoints", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "UseDualStackEndpoints", "true"),
        ("DATABASE_CA_FILE", "CaFile", "/opt/authority.pem"),
        ("AWS_CA_BUNDLE", "AwsCaFile", "/opt/aws.pem"),
        ("LOG_LEVEL", "LogLevel", "DEBUG"),
        ("OVERDUE_AFTER_HOURS", "OverdueAfterHours", "48"),
        ("DIAGNOSIS", "Diagnosis", "true"),
        ("PASSWORD_LENGTH", "PasswordLength", "40"),
        ("EXCLUDE_CHARACTERS", "ExcludeCharacters", "abc"),
        ("EXCLUDE_NUMBERS", "ExcludeNumbers", "true"),
        ("EXCLUDE_PUNCTUATION", "ExcludePunctuation", "true"),
        ("EXCLUDE_UPPERCASE", "ExcludeUppercase", "true"),
        ("EXCLUDE_LOWERCASE", "ExcludeLowercase", "true"),
        ("REQUIRE_EACH_INCLUDED_TYPE", "RequireEachIncludedType", "false"),
        ("PROMOTE_IN_SET_SECRET", "PromoteInSetSecret", "true"),
        ("REFUSE_WHILE_IDLE_USER_HAS_SESSIONS", "RefuseWhileIdleUserHasSessions", "true"),
    ];
    let sources = ["functions/src/config.rs", "rotation/src/variables.rs", "aws/src/variables.rs"];
    let read =
        |source| std::fs::read_to_string(repository().join("crates").join(source)).expect("it is there");
    let config = sources.map(read).concat();
    // One at a time: two that are swapped would look alike together.
    let sets: Vec<_> = variables.iter().map(|(_, parameter, value)| json!({ *parameter: value })).collect();
    for (rendered, (variable, _, value)) in render::all(&sets).iter().zip(variables) {
        assert!(config.contains(&format!("\"{variable}\"")), "no function reads {variable}");
        for (id, _) in FUNCTIONS {
            let environment =
                rendered.properties(id)["Environment"]["Variables"].as_object().expect("variables");
            // The last two are errors under another strategy.
            let is_read = match variable {
                "PROMOTE_IN_SET_SECRET" => id.ends_with("SingleUser"),
                "REFUSE_WHILE_IDLE_USER_HAS_SESSIONS" => id.ends_with("AlternatingUsers"),
                _ => true,
            };
            assert_eq!(environment.get(variable), is_read.then(|| json!(value)).as_ref(), "{id}");
            let one = usize::from(!id.ends_with("DualPassword"));
            assert_eq!(environment.len(), variables.len() - 2 + one, "{id}");
        }
    }
}

/// Without its resources, its outputs and its part of the dashboard; all others are as they were.
#[test]
fn a_function_that_is_not_wanted_is_not_made() {
    let [plain] = render([json!({})]);
    let without = |of: &Value, id: &str| {
        of.as_object()
            .expect("an object")
            .clone()
            .into_iter()
            .filter(|(name, _)| !name.starts_with(id) && name != "Dashboard")
            .collect::<serde_json::Map<_, _>>()
    };
    let sets: Vec<_> = FUNCTIONS.iter().map(|(id, _)| json!({ format!("Create{id}"): "false" })).collect();
    for (rendered, (id, binary)) in render::all(&sets).iter().zip(FUNCTIONS) {
        assert_eq!(rendered.refused, Vec::<String>::new());
        assert_eq!(rendered.ids("AWS::CloudWatch::Alarm").len(), 20, "{id}");
        for (found, all) in [(&rendered.resources, &plain.resources), (&rendered.outputs, &plain.outputs)] {
            let mut found = found.as_object().expect("an object").clone();
            found.remove("Dashboard");
            assert_eq!(found, without(all, id), "{id}");
        }
        let body = |rendered: &Rendered| {
            rendered.properties("Dashboard")["DashboardBody"].as_str().expect("a text").to_owned()
        };
        let (body, all) = (body(rendered), body(&plain));
        serde_json::from_str::<Value>(&body).expect("the dashboard is JSON");
        assert!(!body.contains(id) && !body.contains(binary), "{body}");
        for (other, _) in FUNCTIONS.iter().filter(|(other, _)| *other != id) {
            assert_eq!(body.matches(other).count(), all.matches(other).count(), "{other}");
        }
    }
}

#[test]
fn resources_that_are_not_requested_are_not_created() {
    let [plain, full, own_topic] =
        render([json!({}), everything(), json!({"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:ops"})]);
    let only = |rendered: &Rendered, kind: &str| rendered.ids(kind);
    for (kind, at_first, at_most) in [
        ("AWS::SecretsManager::RotationSchedule", 0, 5),
        ("AWS::SNS::Topic", 1, 1),
        ("AWS::SNS::TopicPolicy", 1, 1),
        ("AWS::SNS::Subscription", 0, 1),
        ("AWS::Events::Rule", 5, 10),
        ("AWS::Config::ConfigRule", 0, 5),
        ("AWS::EC2::VPCEndpoint", 0, 2),
        ("AWS::EC2::SecurityGroup", 0, 1),
        ("AWS::CloudWatch::Alarm", 25, 25),
        ("AWS::CloudWatch::Dashboard", 1, 1),
    ] {
        assert_eq!((only(&plain, kind).len(), only(&full, kind).len()), (at_first, at_most), "{kind}");
    }
    assert!(only(&own_topic, "AWS::SNS::Topic").is_empty());
    for (id, binary) in FUNCTIONS {
        let (function, role) = (plain.properties(id), plain.properties(&format!("{id}Role")));
        for property in ["VpcConfig", "KmsKeyArn", "CodeSigningConfigArn"] {
            assert!(function.get(property).is_none(), "{property}");
        }
        assert_eq!(function["TracingConfig"]["Mode"], "PassThrough");
        assert!(role.get("PermissionsBoundary").is_none());
        assert_eq!(role["Path"], "/");
        let (function, role) = (full.properties(id), full.properties(&format!("{id}Role")));
        assert_eq!(function["TracingConfig"]["Mode"], "Active");
        assert_eq!(function["KmsKeyArn"], KEY);
        assert_eq!(function["CodeSigningConfigArn"], CODE_SIGNING);
        assert_eq!(function["VpcConfig"]["Ipv6AllowedForDualStack"], "true");
        assert_eq!(role["PermissionsBoundary"], BOUNDARY);
        assert_eq!(role["Path"], "/rotation/");
        assert_eq!(full.properties(id)["VpcConfig"]["SubnetIds"].as_array().map(Vec::len), Some(2));
        assert_eq!(full.properties(&format!("{id}Logs"))["KmsKeyId"], KEY);
        let rotation = full.properties(&format!("{id}Rotation"));
        assert_eq!(rotation["RotateImmediatelyOnUpdate"], "false", "a secret may have no value yet");
        let (schedule, duration) = schedule_of(binary);
        assert_eq!(rotation["SecretId"], secret_of(binary));
        assert_eq!(rotation["RotationLambdaARN"], format!("{id}.Arn"));
        assert_eq!(rotation["RotationRules"], json!({"ScheduleExpression": schedule, "Duration": duration}));
        let order = &full.resources[format!("{id}Rotation")];
        assert_eq!(order["DependsOn"], format!("{id}Permission"));
        // A schedule tests the function at once.
        assert_eq!(
            order["Metadata"]["After"],
            json!(["SecretsManagerInterface", "RdsInterface", "EndpointIngress", "EndpointIngressIpv6"])
        );
        let alarm = own_topic.properties(&format!("{id}ErrorAlarm"));
        assert_eq!(alarm["AlarmActions"], json!(["arn:aws:sns:eu-west-1:123456789012:ops"]));
    }
}

#[test]
fn the_topic_gets_the_alarms_and_events_that_are_requested() {
    let [full] = render([everything()]);
    for rule in full.ids("AWS::Events::Rule").into_iter().filter(|rule| !rule.ends_with("Watch")) {
        let mut targets = full.properties(&rule)["Targets"].clone();
        targets[0].as_object_mut().expect("a target").remove("InputTransformer");
        assert_eq!(targets, json!([{"Id": "topic", "Arn": "Topic"}]));
    }
    for event in ["RotationFailed", "RotationAbandoned", "TestRotationFailed", "ReplicationFailed"] {
        let rule = full.properties(&format!("{event}Events"));
        assert_eq!(
            rule["EventPattern"],
            json!({
                "source": ["aws.secretsmanager"],
                "detail-type": ["AWS Service Event via CloudTrail"],
                "detail": {
                    "eventName": [event],
                    "errorMessage": [
                        {"wildcard": "*:function:rotate-postgres-*"},
                        {"wildcard": "*:function:rotate-mysql-*"},
                        {"anything-but": {"wildcard": "*:function:*"}},
                        {"exists": false},
                    ],
                    "additionalEventData": {
                        "SecretId": [{"anything-but": {"wildcard": "*:secret:*!*"}}, {"exists": false}],
                    },
                },
            })
        );
        let transformer = &rule["Targets"][0]["InputTransformer"];
        let paths = transformer["InputPathsMap"].as_object().expect("paths");
        // EventBridge takes a text in quotes only.
        let sentence: String = serde_json::from_str(transformer["InputTemplate"].as_str().expect("a text"))
            .expect("a JSON string");
        let words: BTreeSet<_> = sentence.split(['<', '>']).skip(1).step_by(2).collect();
        assert!(words.contains("secret") && words.contains("time"), "{sentence}");
        assert!(words.iter().all(|word| paths.contains_key(*word)), "{sentence}");
        assert!(sentence.ends_with('.') && !sentence.contains("${"), "{sentence}");
    }
    assert_eq!(pointer(&full.outputs, "/RotationEventsReachTheTopic/Value"), "true");
    let rules = full.ids("AWS::Config::ConfigRule");
    let mut pattern = full.properties("ConfigEvents")["EventPattern"].clone();
    let heard = pattern["detail"]["configRuleName"].take();
    let heard: BTreeSet<String> = serde_json::from_value(heard).expect("names");
    assert_eq!(heard, rules);
    let detail = json!({"messageType": ["ComplianceChangeNotification"], "configRuleName": null});
    let kind = json!(["Config Rules Compliance Change"]);
    assert_eq!(pattern, json!({"source": ["aws.config"], "detail-type": kind, "detail": detail}));
    let source =
        |rule: &String| full.properties(rule)["Source"]["SourceIdentifier"].as_str().expect("a name");
    let known = [
        "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
        "SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK",
        "SECRETSMANAGER_SECRET_PERIODIC_ROTATION",
        "SECRETSMANAGER_SECRET_UNUSED",
        "SECRETSMANAGER_USING_CMK",
    ];
    assert_eq!(rules.iter().map(source).collect::<BTreeSet<_>>(), known.into());
    assert_eq!(full.properties("RotatedLatelyRule")["InputParameters"]["maxDaysSinceRotation"], "40");
    assert_eq!(full.properties("Topic")["KmsMasterKeyId"], KEY);
}

#[test]
fn eventbridge_may_publish_only_where_a_rule_publishes() {
    let sets = [
        json!({}),
        json!({"CloudTrailIsLogging": "true"}),
        json!({"CreateConfigRules": "true"}),
        json!({"CloudTrailIsLogging": "true", "CreateConfigRules": "true"}),
    ];
    let rules = [0, 4, 1, 5];
    let watches = FUNCTIONS.len();
    for ((rendered, set), rules) in render::all(&sets).iter().zip(&sets).zip(rules) {
        assert_eq!(rendered.ids("AWS::Events::Rule").len(), watches + rules, "{set}");
        let policy = pointer(rendered.properties("TopicPolicy"), "/PolicyDocument/Statement");
        let statements = policy.as_array().expect("statements").iter();
        let publishers: Vec<_> = statements.map(|one| one["Principal"]["Service"].as_str()).collect();
        let expected = [Some("cloudwatch.amazonaws.com"), Some("events.amazonaws.com")];
        assert_eq!(publishers, expected[..1 + rules.min(1)], "{set}");
    }
}

#[test]
fn endpoints_are_private_and_for_this_account() {
    let mut ipv4 = everything();
    ipv4["EndpointIpv6Cidr"] = json!("");
    ipv4["UseFipsEndpoints"] = json!("false");
    let [full, ipv4] = render([everything(), ipv4]);
    assert!(ipv4.resources.get("EndpointIngressIpv6").is_none());
    assert_eq!(full.properties("EndpointIngressIpv6")["CidrIpv6"], "2001:db8:1234::/56");
    for (id, service) in [("SecretsManagerInterface", "secretsmanager"), ("RdsInterface", "rds")] {
        let endpoint = ipv4.properties(id);
        assert_eq!(endpoint["ServiceName"], format!("com.amazonaws.eu-west-1.{service}"));
        assert!(endpoint.get("IpAddressType").is_none());
        let endpoint = full.properties(id);
        assert_eq!(endpoint["ServiceName"], format!("com.amazonaws.eu-west-1.{service}-fips"));
        assert_eq!(endpoint["IpAddressType"], "dualstack");
        assert_eq!(endpoint["VpcEndpointType"], "Interface");
        assert_eq!(endpoint["PrivateDnsEnabled"], true);
        assert_eq!(endpoint["SubnetIds"].as_array().map(Vec::len), Some(2));
        let ours = json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}});
        assert_eq!(pointer(endpoint, "/PolicyDocument/Statement/0/Condition"), &ours);
    }
    let ingress = full.properties("EndpointIngress");
    assert_eq!(ingress["CidrIp"], "10.0.0.0/16");
    assert_eq!((&ingress["FromPort"], &ingress["ToPort"]), (&json!(443), &json!(443)));
}

#[test]
fn the_dashboards_url_is_that_of_the_partitions_console() {
    let partitions = [
        ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/"),
        ("aws-cn", "cn-north-1", "https://console.amazonaws.cn/"),
        ("aws-us-gov", "us-gov-west-1", "https://console.amazonaws-us-gov.com/"),
    ];
    let sets: Vec<_> = partitions
        .map(|(partition, region, _)| json!({"AWS::Partition": partition, "AWS::Region": region}))
        .into();
    for (rendered, (_, region, console)) in render::all(&sets).iter().zip(partitions) {
        let url = pointer(&rendered.outputs, "/DashboardUrl/Value");
        assert_eq!(url, &format!("{console}cloudwatch/home?region={region}#dashboards:name=Dashboard"));
    }
}

/// An example that imports what nobody exports fails only when it is deployed.
#[test]
fn what_the_examples_import_is_exported() {
    let [plain] = render([json!({})]);
    let exports: BTreeSet<_> = plain.outputs.as_object().expect("outputs").keys().cloned().collect();
    for example in ["app-secret", "aurora-mysql", "rds-postgres"] {
        let file = repository().join(format!("examples/{example}.yaml"));
        let text = std::fs::read_to_string(file).expect("the example");
        let imports: Vec<_> = text.split("${RotationStack}-").skip(1).collect();
        assert!(!imports.is_empty(), "{example}");
        for import in imports {
            let name = import.split('"').next().unwrap_or_default();
            for (id, _) in FUNCTIONS {
                let name = name.replace("${Function}", id);
                assert!(exports.contains(&name), "{example}: {name} is not among {exports:?}");
            }
        }
    }
}

/// A sentence for each, that says what to give.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn parameters_that_are_malformed_or_contradict_each_other_are_refused() {
    let long = "x".repeat(40);
    let none_is_made: BTreeMap<_, _> = FUNCTIONS.map(|(id, _)| (format!("Create{id}"), "false")).into();
    let cases = [
        (json!({"SubnetIds": "subnet-12345678"}), "SubnetIds needs SecurityGroupIds"),
        (json!({"SecurityGroupIds": "sg-12345678"}), "SecurityGroupIds needs SubnetIds"),
        (json!({"SubnetIds": "10.0.0.0/24", "SecurityGroupIds": "sg-12345678"}), "Ids of subnets"),
        (json!({"SecurityGroupIds": "default", "SubnetIds": "subnet-12345678"}), "Ids of security groups"),
        (json!({"CreateSecretsManagerEndpoint": "true"}), "An endpoint needs VpcId"),
        (json!({"CreateRdsEndpoint": "true", "VpcId": "vpc-12345678"}), "An endpoint needs VpcId"),
        (json!({"VpcId": "main"}), "The id of a VPC"),
        (json!({"EndpointCidr": "10.0.0.0"}), "A range of addresses"),
        (json!({"SubnetIds": "subnet-12345678,"}), "SubnetIds has a comma too many"),
        (json!({"SecretsKmsKeyArns": format!("{KEY},")}), "SecretsKmsKeyArns has a comma too many"),
        (json!({"RotatedWithinDays": 0}), "1 to 180 days"),
        (json!({"OverdueAfterHours": 0}), "1 to 720 hours"),
        (json!({"OverdueAfterHours": 721}), "1 to 720 hours"),
        (json!({"WatchRotations": "hourly"}), "true or false"),
        (json!({"SecretsManagerEndpoint": "http://secretsmanager.example"}), "begins with https://"),
        (
            json!({"CaLayerArn": "arn:aws:lambda:eu-west-1:123456789012:layer:ca:1"}),
            "CaLayerArn needs CaFile or AwsCaFile",
        ),
        (json!({"CaFile": "authority.pem"}), "An absolute path"),
        (json!({"SecretsKmsKeyArns": "alias/app"}), "ARNs of keys"),
        (json!({"MonitoringKmsKeyArn": "alias/ops"}), "The ARN of a key"),
        (
            json!({"AlarmEmail": "ops@example.com", "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:ops"}),
            "Subscribe AlarmEmail to your own topic",
        ),
        (json!({"AlarmEmail": "ops"}), "An e-mail address"),
        (json!({"AlarmTopicArn": "ops"}), "The ARN of a topic"),
        (json!({"NamePrefix": long}), "A small letter, then up to 36"),
        (json!({"NamePrefix": "Rotate"}), "A small letter, then up to 36"),
        (json!({"Timeout": 3}), "15, 30, 60"),
        (json!({"Timeout": 901}), "900 seconds"),
        (json!({"MemorySize": 64}), "128 to 3008 MB"),
        (json!({"PasswordLength": 4}), "8 to 256 characters"),
        (json!({"LogRetentionDays": 42}), "A number of days that CloudWatch Logs knows"),
        (json!({"Architecture": "riscv"}), "arm64 or x86_64"),
        (json!({"ExcludeNumbers": "maybe"}), "true or false"),
        (json!({"Tracing": "true"}), "PassThrough or Active"),
        (json!({"CodeSigningConfigArn": "csc-1"}), "The ARN of a code signing configuration"),
        (json!({"PermissionsBoundaryArn": "boundary"}), "The ARN of a policy"),
        (json!({"RolePath": "rotation"}), "begins and ends with a slash"),
        (json!({"EnvironmentKmsKeyArn": "alias/ops"}), "The ARN of a key"),
        (json!({"EndpointIpv6Cidr": "10.0.0.0/16"}), "A range of IPv6 addresses"),
        (json!({"AllowIpv6": "true"}), "AllowIpv6 needs SubnetIds"),
        (
            json!({"SecretsManagerEndpoint": "https://localhost", "UseFipsEndpoints": "true"}),
            "SecretsManagerEndpoint is used as it is",
        ),
        (
            json!({"SecretsManagerEndpoint": "https://localhost", "UseDualStackEndpoints": "true"}),
            "SecretsManagerEndpoint is used as it is",
        ),
        (json!(none_is_made), "No function would be made"),
    ];
    let mut sets: Vec<_> = cases.iter().map(|(parameters, _)| parameters.clone()).collect();
    let mut sentences: Vec<_> = cases.iter().map(|(_, sentence)| (*sentence).to_owned()).collect();
    for (id, binary) in FUNCTIONS {
        for (parameter, value, sentence) in [
            ("SecretArn", "app/db", "The whole ARN of a secret"),
            (
                "SecretArn",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app",
                "six characters at its end",
            ),
            ("Schedule", "30 days", "rate(30 days), or cron"),
            ("Schedule", "rate(5 minutes)", "four hours apart"),
            ("Schedule", "rate(3 hours)", "four hours apart"),
            ("Schedule", "rate(1 days)", "rate(30 days)"),
            ("Schedule", "cron(30 3 ? * SUN *)", "on the hour"),
            ("Schedule", "cron(0 3 ? * SUN 2027)", "in every year"),
            ("Duration", "3", "Hours: 3h"),
            ("Duration", "90m", "Hours: 3h"),
            ("RotateImmediately", "yes", "true or false"),
        ] {
            sets.push(json!({ format!("{id}{parameter}"): value }));
            sentences.push(sentence.to_owned());
        }
        sets.push(json!({ format!("Create{id}"): "false", format!("{id}SecretArn"): SECRET }));
        sentences.push(format!("{id}SecretArn needs Create{id}=true"));
        if binary.ends_with("alternating-users") {
            sets.push(json!({ format!("{id}SuperuserSecretArns"): "rds!db-1" }));
            sentences.push("Whole ARNs of secrets".to_owned());
        }
    }
    for ((rendered, set), sentence) in render::all(&sets).iter().zip(&sets).zip(&sentences) {
        assert!(
            rendered.refused.iter().any(|refused| refused.contains(sentence)),
            "{set}: {:?}",
            rendered.refused
        );
    }
}

#[test]
fn well_formed_parameters_are_accepted() {
    let mut sets = Vec::new();
    for schedule in
        ["rate(4 hours)", "rate(1 day)", "rate(365 days)", "cron(0 16 1,15 * ? *)", "cron(0 /8 ? * TUE#1 *)"]
    {
        sets.push(json!({"MySqlDualPasswordSecretArn": SECRET, "MySqlDualPasswordSchedule": schedule}));
    }
    sets.push(
        json!({"SecretsManagerEndpoint": "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com"}),
    );
    sets.push(json!({"SecretsManagerEndpoint": "http://127.0.0.1:4566"}));
    sets.push(json!({"PostgresSingleUserSecretArn": SECRET.replace("aws", "aws-us-gov")}));
    sets.push(json!({"PostgresSingleUserSuperuserSecretArns": format!("{SECRET},{SECRET}")}));
    sets.push(json!({"ExcludeCharacters": ""}));
    for (rendered, set) in render::all(&sets).iter().zip(&sets) {
        assert_eq!(rendered.refused, Vec::<String>::new(), "{set}");
    }
}
