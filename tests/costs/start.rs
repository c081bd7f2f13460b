//! What a function does before it asks for its first event.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command};

use stress::bench::FUNCTIONS;
use testbed::functions::{program, set_by_lambda};

use super::limits;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Nothing is read from disk but the program and its shared libraries: each certificate file would be a read of more than a
/// kilobyte, and a system has 150 of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_reads_no_more_than_the_limits() {
    for function in FUNCTIONS {
        let program = program(function).await;
        let api = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut command = Command::new(&program);
        command.env_clear().env("AWS_LAMBDA_RUNTIME_API", api.local_addr().expect("an address").to_string());
        command.envs(set_by_lambda(function, &program));
        let running = Running(command.spawn().expect("it starts"));
        let (client, _) = api.accept().expect("it asks for an event");
        let mut request = String::new();
        BufReader::new(client).read_line(&mut request).expect("a request");
        assert!(request.starts_with("GET /2018-06-01/runtime/invocation/next"), "{request}");
        // proc(5): what its calls of read(2) and the like have returned, from files and from pipes.
        let io = fs::read_to_string(format!("/proc/{}/io", running.0.id())).expect("it runs");
        let count = |name: &str| -> usize {
            let line = io.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel counts it");
            line.trim().parse().expect("a number")
        };
        let counts = BTreeMap::from([("bytes", count("rchar:")), ("reads", count("syscr:"))]);
        limits::hold("/start", &counts, &[]);
    }
}
