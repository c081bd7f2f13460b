//! One process of a function under a Runtime API of its own, watched from outside.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use local_aws::host::{Event, RuntimeApi, RuntimeMessage};
use nix::sys::signal::{Signal, killpg};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::BenchError;
use super::guard::Guard;
use super::limit::{Limit, Limits};
use testbed::memory;

/// Lambda's limit for the start (AWS Lambda developer guide, "Init phase").
const INIT: Duration = Duration::from_secs(10);
/// The timeout of the functions in the template.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How many bytes of a function's output are shown when it fails.
const SHOWN: usize = 600;

/// A process of a function. Dropping it kills its process group.
pub(super) struct Process {
    api: RuntimeApi,
    child: Child,
    id: u32,
    output: File,
    guard: Arc<Guard>,
    limit: Option<Limit>,
    /// From just before the process was created until it asked for its first event.
    pub(super) ready: Duration,
    /// The CPU time that it had used by then.
    pub(super) ready_cpu: Duration,
}

impl Process {
    /// Starts a process, and returns when it asks for its first event.
    pub(super) async fn start(
        program: &Path,
        name: &str,
        environment: &[(String, String)],
        guard: &Arc<Guard>,
    ) -> Result<Self, BenchError> {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
        let api = RuntimeApi::start(&arn).await.expect("a free port");
        let output = tempfile::tempfile().expect("a temporary file");
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().cloned()).process_group(0);
        command.env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        let (name, run) = Guard::mark();
        command.env(name, run);
        command.stdin(std::process::Stdio::null());
        command.stdout(output.try_clone().expect("one more handle"));
        command.stderr(output.try_clone().expect("one more handle"));
        let began = Instant::now();
        let child = command.spawn().map_err(|error| {
            let what = format!("cannot run {}: {error}", program.display());
            BenchError::new(what, "make it an executable file; a script needs a first line such as #!/bin/sh")
        })?;
        let id = child.id().expect("it was not waited for");
        guard.started(id);
        let (guard, none) = (Arc::clone(guard), Duration::ZERO);
        let mut process = Self { api, child, id, output, guard, limit: None, ready: none, ready_cpu: none };
        process.wait_until_ready(INIT).await.map_err(|error| error.during("its start"))?;
        process.ready = began.elapsed();
        process.ready_cpu = process.cpu()?;
        Ok(process)
    }

    /// Limits the process to a fourteenth of a core.
    pub(super) fn limit_by(&mut self, limits: &Limits) -> Result<(), BenchError> {
        let limit = limits.limit().and_then(|limit| limit.hold(self.id).map(|()| limit));
        self.limit = Some(limit.map_err(|error| {
            BenchError::new(
                format!("cannot limit the CPU of a process: {error}"),
                "run without it: --whole-core",
            )
        })?);
        Ok(())
    }

    /// Sends this event, and returns how long the response took, once the function asks for the next event.
    pub(super) async fn handle(&mut self, event: &Value) -> Result<Duration, BenchError> {
        let began = Instant::now();
        let event = Event { body: event.to_string().into(), timeout: TIMEOUT };
        self.api.events.send(event).expect("the function waits for it");
        let message = timeout(TIMEOUT, self.next_message()).await;
        let took = began.elapsed();
        match message {
            Ok(Some(RuntimeMessage::Response(_))) => {}
            Ok(Some(RuntimeMessage::Error(error))) => return Err(self.failed(&describe(&error))),
            Ok(Some(RuntimeMessage::Ready)) => {
                return Err(self.failed("it asked for the next event without responding"));
            }
            Ok(None) => return Err(self.failed("its process ended")),
            Err(_) => return Err(self.failed("no response in 60 s")),
        }
        self.wait_until_ready(TIMEOUT).await?;
        Ok(took)
    }

    /// The CPU time of the process so far, with all of its threads, by its own clock.
    pub(super) fn cpu(&self) -> Result<Duration, BenchError> {
        let clock = clock_getcpuclockid(self.pid()).and_then(|clock| clock.now());
        clock
            .map(Duration::from)
            .map_err(|error| self.failed(&format!("its CPU clock cannot be read: {error}")))
    }

    /// The most memory that it has had so far, in KiB.
    pub(super) fn peak(&self) -> usize {
        memory::peak(self.id)
    }

    /// Waits until it asks for an event.
    async fn wait_until_ready(&mut self, limit: Duration) -> Result<(), BenchError> {
        match timeout(limit, self.next_message()).await {
            Ok(Some(RuntimeMessage::Ready)) => Ok(()),
            Ok(Some(RuntimeMessage::Error(error))) => Err(self.failed(&describe(&error))),
            Ok(Some(RuntimeMessage::Response(_))) => Err(self.failed("a response to no event")),
            Ok(None) => Err(self.failed("its process ended")),
            Err(_) => Err(self.failed(&format!("no event was asked for in {} s", limit.as_secs()))),
        }
    }

    /// The next message of the function. `None` if its process ends instead.
    async fn next_message(&mut self) -> Option<RuntimeMessage> {
        tokio::select! {
            // A message that was sent before the end counts.
            biased;
            message = self.api.messages.recv() => message,
            _ = self.child.wait() => None,
        }
    }

    fn failed(&self, what: &str) -> BenchError {
        let length = self.output.metadata().map_or(0, |file| file.len());
        let from = length.saturating_sub(SHOWN as u64);
        let mut written = vec![0; SHOWN];
        let read = self.output.read_at(&mut written, from).unwrap_or_default();
        let written = String::from_utf8_lossy(&written[..read]);
        BenchError::new(
            format!("{what}; the end of its output:\n{}", written.trim()),
            "make it rotate first (`make demo` shows ours doing so); no figures are taken from what fails",
        )
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.id).expect("a process id"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It leads its group, which may have ended already.
        let _ = killpg(self.pid(), Signal::SIGKILL);
        // SIGKILL takes a moment.
        while !matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            std::thread::sleep(Duration::from_micros(200));
        }
        self.guard.ended(self.id);
        // Its cgroup can be removed now.
        self.limit = None;
    }
}

fn describe(error: &Value) -> String {
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    format!("it failed: {}: {}", text("errorType"), text("errorMessage"))
}
