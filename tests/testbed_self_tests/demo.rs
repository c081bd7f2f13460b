//! The demo as a program: how it ends when it is interrupted, or when a part of it is missing.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;
use testbed::{environment, functions::binaries, postgres_versions};
use tokio::sync::Mutex;

use super::eventually;

/// The demo's folder in `target` is shared by all runs.
static ONE_RUN: Mutex<()> = Mutex::const_new(());

/// A folder for the `PATH` with a `cargo` that runs this script instead of `cargo lambda`.
fn with_cargo(script: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cargo = folder.path().join("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).expect("a file in it");
    fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    folder
}

async fn demo(path: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binaries().await.join("demo"));
    command.args(["--engine", "postgres"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("PATH", format!("{}:{}", path.display(), environment::path()));
    command.env("TESTBED_POSTGRES", postgres_versions()[0].to_string());
    command.envs(variables.iter().copied());
    command
}

fn interrupt(process: &Child) {
    let kill = Command::new("sh").args(["-c", &format!("kill -s INT {}", process.id())]).status();
    assert!(kill.expect("sh runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_demo_ends_with_130_and_leaves_no_process() {
    let _one = ONE_RUN.lock().await;
    // It never listens, so that the demo waits for it.
    let watches = "[ \"$2\" = watch ] || exit 0; echo $$ >\"${0%/*}/watch\"; exec sleep 1000";
    let folder = with_cargo(watches);
    let mut run = demo(folder.path(), &[]).await.spawn().expect("the demo runs");
    let lines = BufReader::new(run.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut addresses = lines.filter_map(|line| {
        let (_, port) = line.rsplit_once(':')?;
        port.parse::<u16>().ok()
    });
    let servers = [addresses.next(), addresses.next()].map(|port| ("127.0.0.1", port.expect("a port")));
    let watch = folder.path().join("watch");
    eventually("cargo lambda watch is started", || {
        fs::read_to_string(&watch).is_ok_and(|id| id.ends_with('\n'))
    });
    let watch = format!("/proc/{}", fs::read_to_string(watch).unwrap().trim());
    assert!(servers.iter().all(|address| TcpStream::connect(address).is_ok()) && Path::new(&watch).exists());

    interrupt(&run);
    let output = run.wait_with_output().expect("it is our child");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{errors}");
    assert_eq!(errors.trim(), "demo: interrupted, the servers are stopped");
    for address in servers {
        eventually("the server is stopped", || TcpStream::connect(address).is_err());
    }
    eventually("cargo lambda watch is stopped", || !Path::new(&watch).exists());
}

/// That the demo fails with one sentence on standard error.
fn fails_with(output: &Output, parts: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("demo: ") && errors.trim_end().lines().count() == 1, "{errors}");
    for part in parts {
        assert!(errors.contains(part), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_with_a_missing_part_fails_with_one_sentence() {
    let _one = ONE_RUN.lock().await;
    let newest = format!("TESTBED_POSTGRES_{}", postgres_versions()[0]);
    let cargo = with_cargo("echo 'error: no such command: `lambda`' >&2; exit 101");
    for (variable, value, parts) in [
        ("TESTBED_POSTGRES", "12", &["TESTBED_POSTGRES names PostgreSQL 12", "13"][..]),
        (&newest, "/nowhere", &["/nowhere has no bin/postgres", &newest, "make tools"]),
        ("NO_COLOR", "1", &["cannot run `cargo lambda` (error: no such command: `lambda`)", "make demo"]),
    ] {
        fails_with(&demo(cargo.path(), &[(variable, value)]).await.output().expect("the demo runs"), parts);
    }
}
