//! Real clients live through the life of secrets on local-aws: boto3, the AWS CLI, and AWS's SDK for JavaScript. boto3 does so
//! on moto, too, with a written list of where moto differs.

mod moto_differs;

use std::process::Stdio;

use local_aws::Options;
use testbed::{
    Moto, OWN_KEY,
    environment::{self, repository},
    start_local_aws,
};
use tokio::process::Command;

use super::rotation_function;

/// The programs of a client, each with the number of its checks, so that one that skips a part is noticed.
type Programs = [(&'static str, usize)];

const BOTO3: &Programs = &[("life.py", 48), ("policies.py", 12), ("regions.py", 14)];
const SDK_FOR_JAVASCRIPT: &Programs = &[("life.mjs", 25), ("policies.mjs", 4), ("regions.mjs", 5)];
const AWS_CLI: &Programs = &[("life.sh", 36), ("policies.sh", 9), ("regions.sh", 12)];

/// What a program printed about its checks: those that hold, and those that do not.
#[derive(Debug)]
struct Life {
    ok: Vec<String>,
    differs: Vec<String>,
}

/// Runs the programs of a client, in `tests/conformance/clients`, one after the other on the server at `url`.
async fn live(programs: &Programs, url: &str) -> Life {
    let mut life = Life { ok: vec![], differs: vec![] };
    for (program, checks) in programs {
        let printed = run(program, url).await;
        let lines = |kind| printed.lines().filter_map(move |line| line.strip_prefix(kind)).map(String::from);
        assert_eq!(lines("ok: ").chain(lines("differs: ")).count(), *checks, "{program}: {printed}");
        life.ok.extend(lines("ok: "));
        life.differs.extend(lines("differs: "));
    }
    life
}

/// What a program prints. It finds no settings or credentials of this machine's user.
async fn run(program: &str, url: &str) -> String {
    let tools = repository().join("target/tools");
    let interpreter = match program.rsplit('.').next() {
        Some("py") => tools.join("moto/bin/python"),
        Some("mjs") => "node".into(),
        Some(_) | None => "bash".into(),
    };
    let (cli, sdk) = (tools.join("awscli/bin/aws"), tools.join("aws-sdk-js"));
    for tool in [&cli, &sdk.join("node_modules"), &tools.join("moto/bin/python")] {
        assert!(tool.exists(), "{} is missing: `make tools` fetches it", tool.display());
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(&interpreter);
    command.arg(repository().join("tests/conformance/clients").join(program));
    command.env_clear().env("PATH", environment::path()).env("HOME", home.path());
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", OWN_KEY.expose()).env("AWS_SECRET_ACCESS_KEY", "an-example");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("FUNCTION", rotation_function::arn("rotates")).env("AWS_CLI", cli).env("AWS_SDK_JS", sdk);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| {
        panic!("{} is missing: CONTRIBUTING.md says what to install: {error}", interpreter.display())
    });
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && printed.ends_with("end\n"), "{program}: {printed}{complaint}");
    printed
}

/// Asserts that every check of a client holds on local-aws.
async fn assert_holds(programs: &Programs) {
    let functions = Some(rotation_function::names());
    let local = start_local_aws(Options { functions, ..Options::default() }).await;
    let _functions = rotation_function::serve(&local).await;
    let life = live(programs, &local.url()).await;
    assert!(life.differs.is_empty(), "{:#?}", life.differs);
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_sees_what_aws_documents() {
    assert_holds(BOTO3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_for_javascript_sees_what_aws_documents() {
    assert_holds(SDK_FOR_JAVASCRIPT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_sees_what_aws_documents() {
    assert_holds(AWS_CLI).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_moto_boto3_sees_the_same_but_for_motos_known_deviations() {
    let moto = Moto::start().await;
    let life = live(BOTO3, &moto.url()).await;
    let known = |difference: &&String| {
        moto_differs::DEVIATIONS.iter().any(|(check, _)| difference.starts_with(&format!("{check}: ")))
    };
    let unknown: Vec<&String> = life.differs.iter().filter(|difference| !known(difference)).collect();
    assert!(unknown.is_empty(), "moto differs where no known deviation explains it: {unknown:#?}");
    for (check, why) in moto_differs::DEVIATIONS {
        let occurs = life.differs.iter().any(|difference| difference.starts_with(&format!("{check}: ")));
        assert!(occurs, "moto no longer deviates here, so the list is out of date: {check} ({why})");
    }
}
