//! MiniStack: CloudFormation, S3 and Lambda on this machine, and the SAM CLI to deploy to it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use local_aws::AccessKey;
use tokio::process::Command;

use local_aws::host::Stop;

use crate::{
    environment::{repository, set_by_cargo},
    folder::Folder,
    reachable::reachable,
};

const START: Duration = Duration::from_secs(60);
const BUCKET: &str = "artifacts";

/// A MiniStack with an empty bucket in it. It runs functions as processes of this machine, and any local user can deploy
/// one to it, so it runs as the servers' user. It and its functions stop when this value is dropped, or when the process ends.
pub struct MiniStack {
    port: u16,
    account: AccessKey,
    shell: Child,
    folder: Folder,
}

impl std::fmt::Debug for MiniStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniStack").field("port", &self.port).finish_non_exhaustive()
    }
}

impl MiniStack {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let (python, packages) = programs();
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let folder = Folder::for_server(None);
        let python_program = python.join("bin/python3").display().to_string();
        // -S: without the packages of that Python.
        let mut command = folder.command(&[&python_program, "-S", "-m", "ministack"], Stop::Terminate);
        command.env("PYTHONPATH", packages).env("LD_LIBRARY_PATH", python.join("lib"));
        command.env("TMPDIR", folder.server());
        command.env("BIND_HOST", "127.0.0.1").env("MINISTACK_HOST", "127.0.0.1");
        // These listen on all addresses.
        command.env("IOT_MTLS_ENABLED", "0").env("SFTP_ENABLED", "0");
        command.env("GATEWAY_PORT", port.to_string()).env("LAMBDA_EXECUTOR", "local");
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        let account = format!("{:012}", uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000);
        command.env("MINISTACK_ACCOUNT_ID", &account);
        let account = AccessKey::new(&account).expect("digits");
        let mut ministack = Self { port, account, shell: command.spawn().expect("a shell"), folder };
        ministack.wait_until_it_listens().await;
        ministack.make_bucket();
        ministack
    }

    /// The URL of all services; also what stands before `/2015-03-31/functions/NAME/invocations`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The access key of the functions that run here: MiniStack gives them the number of their account, which is random
    /// here. MiniStack has no authentication, so every local user can ask it for that key. Store nothing of value for it.
    #[must_use]
    pub fn access_key(&self) -> &AccessKey {
        &self.account
    }

    /// The bucket for what is deployed.
    #[must_use]
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// A path in a folder that is removed with this value.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.folder.path.join(name).display().to_string()
    }

    /// Writes a file that the deployed functions can read; returns its path.
    #[must_use]
    pub fn give(&self, name: &str, text: &str) -> String {
        self.folder.give(name, text).display().to_string()
    }

    /// Runs `sam` in the repository, and returns what it wrote to standard output; panics with all that it wrote unless
    /// it succeeds.
    pub async fn sam(&self, words: &[&str]) -> String {
        let mut command = Command::new(tool("sam/bin/sam"));
        for variable in set_by_cargo() {
            command.env_remove(variable);
        }
        let found_first = repository().join("target/tools/cargo-lambda/bin").display().to_string();
        let path = format!("{found_first}:{}", crate::environment::path());
        command.args(words).current_dir(repository()).env("PATH", path).env("AWS_ENDPOINT_URL", self.url());
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
        command.env("__SAM_CLI_APP_DIR", &self.folder.path).env("TMPDIR", &self.folder.path);
        // Built for this machine, by its own linker.
        command.env("SAM_BUILD_MODE", "debug").env("CARGO_LAMBDA_COMPILER", "cargo");
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("sam runs");
        let written = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sam {} failed:\n{written}\n{complaint}", words.join(" "));
        written
    }

    async fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.shell.try_wait().expect("the shell is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "MiniStack does not start:\n{}", self.folder.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// S3's `PUT /BUCKET`.
    fn make_bucket(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("MiniStack listens");
        let request = format!(
            "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("it responds");
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        // Its shell stops it.
        drop(self.shell.stdin.take());
    }
}

/// The folders of MiniStack's Python and of its packages, in places that the servers' user can enter.
fn programs() -> (PathBuf, PathBuf) {
    let script = "import sys, sysconfig; print(sys.base_prefix, sysconfig.get_path('purelib'), sep='\\n')";
    let python = std::process::Command::new(tool("ministack/bin/python3")).args(["-c", script]).output();
    let output = python.expect("MiniStack's Python runs");
    let paths = String::from_utf8(output.stdout).expect("paths in UTF-8");
    let (python, packages) = paths.trim_end().split_once('\n').expect("two paths");
    (reachable(python.as_ref(), "bin/python3"), reachable(packages.as_ref(), "ministack"))
}

fn tool(path: &str) -> String {
    let program = repository().join("target/tools").join(path);
    assert!(program.is_file(), "{path} is missing: `make tools` fetches it into target/tools");
    program.display().to_string()
}
