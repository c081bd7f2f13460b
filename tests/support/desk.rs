//! A person at a shell, with credentials of AWS.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use testbed::{Application, OWN_KEY, Server, environment};
use tokio::process::Command;

/// What the pages' commands need.
const TOOLS: [&str; 2] = ["awscli/bin/aws", "jq/bin/jq"];

fn folder_of(tool: &str) -> String {
    let tool = environment::repository().join("target/tools").join(tool);
    assert!(tool.exists(), "{} is missing: `make tools` fetches it", tool.display());
    tool.parent().expect("a folder").display().to_string()
}

/// A folder in which a person runs commands.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Desk {
    /// With the Secrets Manager at `url`.
    pub(crate) fn at(url: &str, server: &dyn Server) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = |text: &str| text.to_owned();
        let environment = vec![
            ("PATH", format!("{}:{}", TOOLS.map(folder_of).join(":"), environment::path())),
            ("HOME", folder.path().display().to_string()),
            ("AWS_ENDPOINT_URL", text(url)),
            ("AWS_REGION", text("us-east-1")),
            ("AWS_DEFAULT_REGION", text("us-east-1")),
            ("AWS_ACCESS_KEY_ID", text(OWN_KEY.expose())),
            ("AWS_SECRET_ACCESS_KEY", text("an-example")),
            ("AWS_EC2_METADATA_DISABLED", text("true")),
            ("DATABASE_CA_FILE", server.ca_file().display().to_string()),
            ("PASSWORD_LENGTH", text("40")),
        ];
        Self { folder, environment }
    }

    /// With the Secrets Manager of an application.
    pub(crate) fn of<S: Server>(application: &Application<'_, S>) -> Self {
        Self::at(&application.local.url(), application.server)
    }

    /// A program that is not started yet; it ends when it is dropped.
    pub(crate) fn command(&self, program: PathBuf, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a program to its end.
    pub(crate) async fn output(&self, program: PathBuf, arguments: &[&str]) -> Output {
        self.command(program, arguments).output().await.expect("the program runs")
    }

    /// Runs a command of a shell, with the AWS CLI. Returns what it printed.
    pub(crate) async fn shell(&self, command: &str) -> String {
        let output = self.output("bash".into(), &["-c", command]).await;
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}
