//! Each role allows what its function calls, and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use local_aws::{DbCluster, DbClusterMember, DbInstance, MemberRole};
use rotation::Strategy;
use serde_json::{Value, json};
use testbed::crash::Crash;
use testbed::environment::repository;
use testbed::role::{On, calls_of};
use testbed::{
    Application, InProcess, MySql, Postgres, Server, Setup, mysql_versions, postgres_versions, store,
};

use super::render::{FUNCTIONS, Rendered, pointer, render};
use super::{KEY, SECRET, everything, superuser_of};

/// A statement of a policy, with its actions and resources as lists.
struct Statement<'a> {
    effect: &'a str,
    actions: BTreeSet<&'a str>,
    resources: BTreeSet<&'a str>,
    condition: &'a Value,
}

fn statements<'a>(rendered: &'a Rendered, id: &str) -> Vec<Statement<'a>> {
    let list = |value: &'a Value| match value.as_array() {
        Some(all) => all.iter().filter_map(Value::as_str).collect(),
        None => value.as_str().into_iter().collect(),
    };
    let role = rendered.properties(&format!("{id}Role"));
    assert_eq!(
        pointer(role, "/AssumeRolePolicyDocument/Statement"),
        &json!([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}])
    );
    assert!(role.get("ManagedPolicyArns").is_none(), "a managed policy is somebody else's list");
    let policies = role["Policies"].as_array().expect("policies");
    let statements = policies
        .iter()
        .flat_map(|policy| pointer(policy, "/PolicyDocument/Statement").as_array().expect("statements"));
    statements
        .map(|statement| Statement {
            effect: statement["Effect"].as_str().expect("an effect"),
            actions: list(&statement["Action"]),
            resources: list(&statement["Resource"]),
            condition: &statement["Condition"],
        })
        .collect()
}

/// The calls of Secrets Manager and RDS that a role allows, and all its other actions.
fn allowed(rendered: &Rendered, id: &str, binary: &str) -> (BTreeSet<(On, String)>, BTreeSet<String>) {
    let (mut calls, mut others) = (BTreeSet::new(), BTreeSet::new());
    let superuser = superuser_of(binary);
    let function = format!("arn:aws:lambda:eu-west-1:123456789012:function:rotate-{binary}");
    for statement in statements(rendered, id) {
        let Statement { effect, actions, resources, condition } = statement;
        if effect == "Deny" {
            assert_eq!(condition, &json!({"ArnEquals": {"lambda:SourceFunctionArn": function}}));
            assert_eq!(actions, ["ec2:*"].into());
            continue;
        }
        for action in actions {
            let (service, name) = action.split_once(':').expect("service:Action");
            assert!(!name.contains('*'), "{action}");
            let on = match service {
                "secretsmanager" if name == "ListSecrets" => {
                    assert_eq!((resources.clone(), condition), (["*"].into(), &Value::Null));
                    On::EverySecret
                }
                "secretsmanager" if resources == [superuser.as_str()].into() => {
                    assert_eq!(condition, &Value::Null);
                    On::SuperusersSecret
                }
                "secretsmanager" => {
                    assert_eq!(resources, ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"].into());
                    let rotates = "secretsmanager:resource/AllowRotationLambdaArn";
                    assert_eq!(condition, &json!({"StringEquals": {rotates: function}}));
                    On::OwnSecret
                }
                "rds" => {
                    let servers =
                        ["cluster", "db"].map(|kind| format!("arn:aws:rds:eu-west-1:123456789012:{kind}:*"));
                    assert_eq!(resources, servers.iter().map(String::as_str).collect());
                    On::Servers
                }
                "kms" => {
                    assert_eq!(resources, [KEY].into());
                    let through = "secretsmanager.eu-west-1.amazonaws.com";
                    assert_eq!(condition, &json!({"StringEquals": {"kms:ViaService": through}}));
                    others.insert(action.to_owned());
                    continue;
                }
                "logs" => {
                    assert_eq!(resources, [format!("{id}Logs.Arn").as_str()].into());
                    others.insert(action.to_owned());
                    continue;
                }
                // Amazon VPC, X-Ray and Lambda take nothing narrower here.
                _ => {
                    assert!(["ec2", "xray"].contains(&service), "{action}");
                    assert_eq!(resources, ["*"].into());
                    others.insert(action.to_owned());
                    continue;
                }
            };
            assert!(calls.insert((on, name.to_owned())), "{action} twice");
        }
    }
    (calls, others)
}

#[test]
fn each_role_allows_exactly_the_calls_that_its_function_makes() {
    let [plain, full] = render([json!({}), everything()]);
    let logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    let keys = ["kms:Decrypt", "kms:GenerateDataKey"];
    let traces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
    let network = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:UnassignPrivateIpAddresses",
    ];
    for (id, binary) in FUNCTIONS {
        let made: BTreeSet<_> =
            calls_of(binary).into_iter().map(|(on, name)| (on, name.to_owned())).collect();
        let on_own =
            made.iter().filter(|(on, _)| matches!(on, On::OwnSecret | On::EverySecret)).cloned().collect();
        let of =
            |lists: &[&[&str]]| lists.iter().copied().flatten().map(|&action| action.to_owned()).collect();
        assert_eq!(allowed(&plain, id, binary), (on_own, of(&[&logs])), "{id}");
        assert_eq!(allowed(&full, id, binary), (made, of(&[&logs, &keys, &traces, &network])), "{id}");
    }
}

/// The table of docs/deploying.md is generated from the roles: with UPDATE=1 in the environment, by this test.
#[test]
fn the_table_of_roles_in_the_documentation_is_what_the_template_says() {
    let [full] = render([everything()]);
    let mut rows: Vec<(String, String, Vec<String>)> = Vec::new();
    for (id, binary) in FUNCTIONS {
        for Statement { effect, actions, resources, condition } in statements(&full, id) {
            let resources: Vec<_> = resources.into_iter().collect();
            let on = match resources.as_slice() {
                [one] if *one == superuser_of(binary) => "the secrets in `...SuperuserSecretArns`",
                [one] if *one == KEY => "the keys in `SecretsKmsKeyArns`, through Secrets Manager only",
                [one] if one.ends_with("Logs.Arn") => "its log group",
                [one] if one.ends_with(":secret:*") => "the secrets whose rotation function it is",
                ["*"] if effect == "Deny" => {
                    "everything, where `SubnetIds` is given: denied to the function's own code"
                }
                ["*"] if actions.contains("secretsmanager:ListSecrets") => {
                    "all secrets, where `WatchRotations` is `true`: Secrets Manager takes nothing narrower"
                }
                ["*"] if actions.contains("xray:PutTraceSegments") => {
                    "everything, where `Tracing` is `Active`: X-Ray takes nothing narrower"
                }
                ["*"] => "everything, where `SubnetIds` is given: Lambda takes nothing narrower",
                _ => "instances and clusters of the account, where `...SuperuserSecretArns` is given",
            };
            assert!(effect == "Allow" || condition.is_object());
            let actions: Vec<_> = actions.into_iter().map(|action| format!("`{action}`")).collect();
            let (on, actions, function) = (on.to_owned(), actions.join(", "), format!("`{binary}`"));
            match rows.iter_mut().find(|row| (&row.0, &row.1) == (&on, &actions)) {
                Some(row) => row.2.push(function),
                None => rows.push((on, actions, vec![function])),
            }
        }
    }
    let mut table = String::from("| on | actions | functions |\n| --- | --- | --- |\n");
    for (on, actions, functions) in rows {
        let functions = if functions.len() == 5 { "all five".to_owned() } else { functions.join(", ") };
        writeln!(table, "| {on} | {actions} | {functions} |").expect("text");
    }
    assert!(!table.contains(SECRET));
    let file = repository().join("docs/deploying.md");
    let text = std::fs::read_to_string(&file).expect("docs/deploying.md");
    let (before, rest) = text.split_once("<!-- roles: generated by tests/template -->\n").expect("the mark");
    let (found, after) = rest.split_once("<!-- end of roles -->").expect("the mark of the end");
    let wanted = format!("\n{table}\n");
    if testbed::environment::updates() {
        let text = format!(
            "{before}<!-- roles: generated by tests/template -->\n{wanted}<!-- end of roles -->{after}"
        );
        std::fs::write(&file, text).expect("it is written");
        return;
    }
    assert_eq!(found, wanted, "run this test with UPDATE=1 in the environment, and commit docs/deploying.md");
}

/// The secret of a superuser as RDS makes it, which says neither host nor engine.
async fn with_a_superuser_made_by_rds<S: Server>(application: &Application<'_, S>, tag: &str, arn: &str) {
    let superuser = application.server.superuser_secret().await;
    let only = json!({"username": superuser["username"], "password": superuser["password"]});
    let secret = store(&application.client, &tag.replace(':', "-"), &only).await;
    assert!(application.local.set_reserved_tag(&secret, tag, arn));
    let mut current = application.stored("AWSCURRENT").await.expect("a version");
    current["masterarn"] = json!(secret);
    application.store_current(&current).await;
}

/// A rotation for each way in which the superuser's server is found.
async fn every_way_to_a_superuser<S: Server>(
    application: &Application<'_, S>,
    engine: &str,
    rotate: impl AsyncFn(),
) {
    let secret = application.server.superuser_secret().await;
    let host = secret["host"].as_str().expect("a host").to_owned();
    let port = secret["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port");
    let instance = DbInstance {
        identifier: "one".into(),
        address: host.clone(),
        port,
        engine: engine.into(),
        replica_of: None,
        cluster: None,
    };
    let cluster = DbCluster {
        identifier: "many".into(),
        endpoint: host,
        reader_endpoint: None,
        custom_endpoints: vec![],
        port,
        // Aurora has no MariaDB.
        engine: engine.to_owned(),
        members: vec![DbClusterMember { instance: "writer".into(), role: MemberRole::Writer }],
    };
    let instance = application.local.register_instance(instance);
    let cluster = application.local.register_cluster(cluster);
    for (tag, arn) in [("aws:rds:primaryDBInstanceArn", instance), ("aws:rds:primaryDBClusterArn", cluster)] {
        with_a_superuser_made_by_rds(application, tag, &arn).await;
        rotate().await;
    }
}

/// AWSCURRENT has a password that does not sign in: every version of the secret is tried.
async fn without_a_password<S: Server>(application: &Application<'_, S>) {
    for _every_labelled_version in 0..2 {
        let mut current = application.stored("AWSCURRENT").await.expect("a version");
        current["password"] = "not the password".into();
        application.store_current(&current).await;
    }
    application.rotate_ok().await;
}

/// An account of the clone's name that belongs to another user: every version of the secret is tried for it.
async fn a_stranger<S: Server>(application: &Application<'_, S>, create: impl AsyncFn(&str)) {
    create(&format!("{}_clone", application.app.user())).await;
    application.rotate_expect_err().await;
}

async fn check_all_were_made<S: Server>(applications: &[&Application<'_, S>], function: &str) {
    applications[0].watch().await.expect("it looks for secrets that are overdue");
    let made: BTreeSet<_> = calls_of(function).into_iter().map(|(on, name)| (on, name.to_owned())).collect();
    let seen: BTreeSet<_> = applications.iter().flat_map(|application| application.seen_calls()).collect();
    assert_eq!(seen, made, "{function}");
}

/// No call is allowed that no path needs. (That no path needs another is held wherever a test rotates.)
#[tokio::test(flavor = "multi_thread")]
async fn every_call_that_a_role_allows_is_made() {
    let postgres = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(postgres, Setup::alternating_users()).await;
    every_way_to_a_superuser(&application, "postgres", async || application.rotate_ok().await).await;
    let stranger = Application::start(postgres, Setup::alternating_users()).await;
    a_stranger(&stranger, async |user| {
        postgres.execute("postgres", &format!("CREATE ROLE {user} LOGIN")).await
    })
    .await;
    check_all_were_made(&[&application, &stranger], "postgres-alternating-users").await;

    let application = Application::start(postgres, Setup::single_user()).await;
    let function = InProcess::of(&application, Strategy::SingleUser).await;
    every_way_to_a_superuser(&application, "postgres", async || {
        let pending = application.begin().await;
        assert!(function.run(&application, &pending, &Crash::restricting_password_commands()).await);
    })
    .await;
    without_a_password(&application).await;
    check_all_were_made(&[&application], "postgres-single-user").await;

    for version in mysql_versions() {
        let mysql = MySql::shared(version).await;
        let engine = if version.is_mariadb() { "mariadb" } else { "mysql" };
        let application = Application::start(mysql, Setup::mysql_single_user()).await;
        let user = application.app.user().to_owned();
        every_way_to_a_superuser(&application, engine, async || {
            mysql.execute(&format!("ALTER USER `{user}`@`%` PASSWORD EXPIRE")).await;
            application.rotate_ok().await;
        })
        .await;
        without_a_password(&application).await;
        check_all_were_made(&[&application], "mysql-single-user").await;

        let application = Application::start(mysql, Setup::mysql_alternating_users()).await;
        every_way_to_a_superuser(&application, engine, async || application.rotate_ok().await).await;
        let stranger = Application::start(mysql, Setup::mysql_alternating_users()).await;
        let create = async |user: &str| mysql.execute(&format!("CREATE USER {user} IDENTIFIED BY 'x'")).await;
        a_stranger(&stranger, create).await;
        check_all_were_made(&[&application, &stranger], "mysql-alternating-users").await;
        if !version.is_mariadb() {
            let application = Application::start(mysql, Setup::mysql_dual_password()).await;
            mysql.allow_two_passwords(&application.app).await;
            without_a_password(&application).await;
            check_all_were_made(&[&application], "mysql-dual-password").await;
        }
    }
}
