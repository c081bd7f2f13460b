//! moto: another implementation of AWS's APIs, to compare responses with.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use local_aws::host::{Stop, kill_on_parent_exit};

use crate::environment::repository;

const START: Duration = Duration::from_secs(60);

/// A moto server with nothing in it. It stops when this value is dropped, or when the process ends.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    shell: Child,
}

impl Moto {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let program = repository().join("target/tools/moto/bin/moto_server");
        assert!(program.is_file(), "moto is missing: `make tools` fetches it into target/tools");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let (program, port_word) = (program.display().to_string(), port.to_string());
        let mut command = kill_on_parent_exit(
            &[program.as_str(), "-H", "127.0.0.1", "-p", &port_word],
            Stop::Terminate,
            None,
        );
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut moto = Self { port, shell: command.spawn().expect("a shell") };
        moto.wait_until_it_listens().await;
        moto
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.shell.try_wait().expect("the shell is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "moto does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Its shell stops it.
        drop(self.shell.stdin.take());
    }
}
