use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::{Aws, KEY};

/// Runs a command against a server, on a thread of its own, so that the server can respond.
pub(crate) async fn run(aws: &Aws, arguments: &[&str], input: &str) -> Output {
    run_at(&aws.server.url(), arguments, input).await
}

/// The same against the server at this URL.
pub(crate) async fn run_at(url: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    command.args(arguments).env("LOCAL_AWS_ENDPOINT", url);
    command.env("LOCAL_AWS_ACCESS_KEY", KEY.expose());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the binary starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the input is read");
        child.wait_with_output().expect("the binary ends")
    });
    ran.await.expect("no panic")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
