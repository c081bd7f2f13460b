//! `cargo lambda watch`: what a reader runs the functions with.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    environment::{repository, set_by_cargo},
    kill_on_parent_exit::{Stop, kill_on_parent_exit},
    private,
};

const START: Duration = Duration::from_secs(60);

/// The functions of this workspace under `cargo lambda watch`, which starts each at its first event. They end with
/// this value, or with the process.
#[derive(Debug)]
pub struct CargoLambda {
    port: u16,
    shell: Child,
}

impl CargoLambda {
    /// Starts it with these variables over our own; it and the functions write into `log`, a new file.
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
                "cargo lambda watch does not start (`make demo` fetches it):\n{}",
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
