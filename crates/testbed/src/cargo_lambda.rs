//! `cargo lambda watch`, which runs the functions on this machine.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use local_aws::host::{Stop, kill_on_parent_exit};

use crate::{
    environment::{EnvironmentError, repository, set_by_cargo},
    private,
};

const START: Duration = Duration::from_secs(60);

/// The functions of this workspace under `cargo lambda watch`, which builds and starts each at its first event. They stop
/// when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct CargoLambda {
    port: u16,
    shell: Child,
}

impl CargoLambda {
    /// Checks that `cargo lambda` runs.
    ///
    /// # Errors
    /// If it does not: with what cargo reports.
    pub fn check() -> Result<(), EnvironmentError> {
        let cause = match Command::new("cargo").args(["lambda", "--version"]).output() {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("no message").to_owned()
            }
            Err(error) => error.to_string(),
        };
        Err(EnvironmentError(format!(
            "cannot run `cargo lambda` ({cause}): run `make demo`, which fetches it, or install cargo-lambda and put it \
             on the PATH"
        )))
    }

    /// Starts it with these variables besides those of this process; it and the functions write into `log`, a new file.
    pub async fn watch(environment: &[(&str, &str)], log: &Path) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let port_word = port.to_string();
        let words =
            ["cargo", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port_word];
        let mut command =
            kill_on_parent_exit(&[&words[..], &["--ignore-changes"]].concat(), Stop::Terminate, None);
        command.current_dir(repository());
        for variable in set_by_cargo() {
            command.env_remove(variable);
        }
        command.envs(environment.iter().copied());
        let log_file = private::file(log);
        command.stdout(log_file.try_clone().expect("one more handle")).stderr(log_file);
        let mut watch = Self { port, shell: command.spawn().expect("a shell") };
        watch.wait_until_it_listens(log).await;
        watch
    }

    /// The port on 127.0.0.1 that takes `POST /2015-03-31/functions/NAME/invocations`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn wait_until_it_listens(&mut self, log: &Path) {
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.shell.try_wait().expect("the shell is our child").is_some();
            assert!(
                !ended && Instant::now() < deadline,
                "cargo lambda watch does not start:\n{}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for CargoLambda {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
    }
}
