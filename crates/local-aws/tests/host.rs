//! The host runs a function as Lambda does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use local_aws::host::{Configuration, Function, Invoke, InvokeAddress, MemorySize, Program};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{FUNCTION, KEY};

/// Longer than any function here takes.
const LONG: Duration = Duration::from_secs(60);

/// A function with a folder of its own.
struct Hosted {
    folder: TempDir,
    function: Arc<Function>,
}

impl Hosted {
    fn new(memory: MemorySize, timeout: Duration) -> Self {
        Self::of(FUNCTION, memory, timeout, &[])
    }

    fn of(script: &str, memory: MemorySize, timeout: Duration, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("bootstrap");
        fs::write(&program, script).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        let configuration = Configuration {
            name: "tested".to_owned(),
            region: "eu-north-1".to_owned(),
            account: "111122223333".to_owned(),
            memory,
            timeout,
            access_key: KEY.clone(),
            environment: environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        };
        let function = Function::new(Program::executable(program), configuration).expect("a function");
        Self { folder, function: Arc::new(function) }
    }

    /// A function with 64 MiB and enough time.
    fn small() -> Self {
        Self::new(MemorySize::Limited(64), LONG)
    }

    async fn invoke(&self, behaviour: &str) -> Result<Json, Json> {
        self.function.invoke(json!({ "do": behaviour }).to_string().into(), |_| ()).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn error(error_type: &str, message: &str) -> Result<Json, Json> {
    Err(json!({ "errorType": error_type, "errorMessage": message }))
}

fn out_of_memory() -> Result<Json, Json> {
    error("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
}

async fn eventually(what: &str, is: impl Fn() -> bool) {
    let waits = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, waits).await.unwrap_or_else(|_| panic!("not: {what}"));
}

#[tokio::test]
async fn a_function_has_lambdas_variables_and_its_own_and_none_of_this_machines() {
    let own = [("SETTING", "a b"), ("AWS_REGION", "eu-west-1")];
    let hosted = Hosted::of(FUNCTION, MemorySize::Limited(64), LONG, &own);
    let variables = hosted.invoke("variables").await.expect("a response");
    let folder = hosted.folder.path().display().to_string();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "tested"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "64"),
        ("AWS_ACCESS_KEY_ID", KEY.expose()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-north-1"),
        ("SETTING", "a b"),
        ("_HANDLER", "bootstrap"),
        ("LAMBDA_TASK_ROOT", folder.as_str()),
        ("folder", folder.as_str()),
        ("arn", "arn:aws:lambda:eu-north-1:111122223333:function:tested"),
    ] {
        assert_eq!(variables[name], value, "{name}");
    }
    // Cargo sets them for this test.
    for name in ["CARGO_MANIFEST_DIR", "CARGO"] {
        assert_eq!(variables.get(name), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_events_run_in_two_processes_and_a_later_one_in_one_of_those() {
    let hosted = Hosted::small();
    let pipe = hosted.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let function = Arc::clone(&hosted.function);
    let waits = json!({ "do": format!("wait-for {}", pipe.display()) }).to_string();
    let first = tokio::spawn(async move { function.invoke(waits.into(), |_| ()).await });
    // Opening it for writing waits until the first invocation reads.
    let writer = pipe.clone();
    let open = tokio::task::spawn_blocking(move || fs::File::options().write(true).open(writer));
    let open = open.await.expect("no panic").expect("the pipe opens");
    let second = hosted.invoke("process").await.expect("a response");
    drop(open);
    let first = first.await.expect("no panic").expect("a response");
    assert_ne!(first, second);
    let third = hosted.invoke("process").await.expect("a response");
    assert!([first, second].contains(&third), "{third}");
}

#[tokio::test]
async fn a_late_function_is_killed_with_the_processes_that_it_has_started() {
    // It may take longer to start than to time out: its time begins with the event.
    let hosted = Hosted::new(MemorySize::Limited(64), Duration::from_secs(2));
    let file = hosted.path("child");
    let late = hosted.invoke(&format!("hang-with-child {}", file.display())).await;
    assert_eq!(late, error("Sandbox.Timedout", "Task timed out after 2.00 seconds"));
    let child = fs::read_to_string(file).expect("it has started a child");
    let status = format!("/proc/{child}/status");
    // A killed process may wait for its new parent to notice.
    let ended = || fs::read_to_string(&status).map_or(true, |status| status.contains("State:\tZ"));
    eventually("the child has ended", ended).await;
    assert!(hosted.invoke("process").await.is_ok(), "the next event starts a new process");
}

#[tokio::test]
async fn a_function_with_more_memory_than_its_limit_is_killed_even_if_it_has_freed_it() {
    let hosted = Hosted::small();
    assert_eq!(hosted.invoke("grow 1").await, Ok(Json::Null));
    assert!((1..64 * 1024).contains(&hosted.function.most_memory()), "{}", hosted.function.most_memory());
    assert_eq!(hosted.invoke("grow 100").await, out_of_memory());
    assert!(hosted.function.most_memory() > 64 * 1024);
    assert!(hosted.function.memory().is_empty(), "the process was killed");
}

#[tokio::test]
async fn the_memory_of_the_processes_that_a_function_has_started_counts() {
    assert_eq!(Hosted::small().invoke("child-grows 100").await, out_of_memory());
}

#[tokio::test]
async fn a_function_whose_memory_is_not_limited_is_not_killed() {
    let hosted = Hosted::new(MemorySize::Unlimited(64), LONG);
    assert_eq!(hosted.invoke("grow 100").await, Ok(Json::Null));
}

#[tokio::test]
async fn a_process_that_ends_is_an_error_with_its_status_and_its_output_is_kept() {
    let hosted = Hosted::small();
    let ended = hosted.invoke("exit 3").await;
    assert_eq!(ended, error("Runtime.ExitError", "Runtime exited with error: exit status: 3"));
    let no_start = Hosted::of(FUNCTION, MemorySize::Limited(64), LONG, &[("BEHAVIOUR", "not start")]);
    let ended = no_start.invoke("process").await;
    assert_eq!(ended, error("Runtime.ExitError", "Runtime exited with error: exit status: 1"));
    assert_eq!(no_start.function.output_from(0), "cannot start\n");
    assert_eq!(no_start.function.output_from(7), "start\n");
    assert_eq!(no_start.function.output_from(1_000), "");
    for (start, most, last) in
        [(0, 100, "cannot start\n"), (0, 6, "start\n"), (10, 6, "rt\n"), (1_000, 6, "")]
    {
        assert_eq!(no_start.function.last_output(start, most), last, "from {start}, at most {most}");
    }
}

struct One(Function);

#[async_trait::async_trait]
impl Invoke for One {
    async fn invoke(&self, name: &str, event: axum::body::Bytes) -> Option<Result<Json, Json>> {
        match name == self.0.name() {
            true => Some(self.0.invoke(event, |_| ()).await),
            false => None,
        }
    }
}

#[tokio::test]
async fn a_function_that_is_not_hosted_is_not_found() {
    let hosted = Hosted::small();
    let Some(function) = Arc::into_inner(hosted.function) else { panic!("nobody else has it") };
    let address = InvokeAddress::start(Arc::new(One(function))).await.expect("a port");
    for (name, status) in [("tested", 200), ("other", 404)] {
        let url = format!("{}/2015-03-31/functions/{name}/invocations", address.url());
        let request = hyper::Request::post(url).body(http_body_util::Full::from("{\"do\": \"process\"}"));
        let response = crate::support::send(request.expect("a request")).await.expect("a response");
        assert_eq!(response.status().as_u16(), status, "{name}");
    }
}
