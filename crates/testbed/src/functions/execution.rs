//! One function and its execution environments: as in Lambda, each is a process with a Runtime API of its own.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::{
    process::{Child, ChildStdin, Command},
    sync::{Mutex as Gate, RwLock, watch},
    time::{sleep, timeout},
};

use super::Memory;
use crate::{
    kill_on_parent_exit::{Stop, kill_on_parent_exit},
    memory,
    runtime_api::{Event, RuntimeApi, RuntimeMessage},
    secrets_manager::FUNCTIONS_KEY,
};

/// How long a process may take until it asks for its first event (AWS Lambda developer guide, "Init phase").
const INIT: Duration = Duration::from_secs(10);

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    name: String,
    program: PathBuf,
    environment: Vec<(String, String)>,
    timeout: Duration,
    /// A file without a name, which the kernel removes when this process ends.
    output: File,
    idle: Mutex<Vec<Execution>>,
    /// How many times all processes were killed.
    kills: watch::Sender<u32>,
    /// Held by every invocation until it ends, and until its process is dead if it was killed.
    running: RwLock<()>,
    /// Locked for a moment by every invocation, and for as long as processes are being killed.
    gate: Gate<()>,
}

/// An execution environment: one process, which handles one event after the other.
struct Execution {
    api: RuntimeApi,
    shell: Child,
    /// The process lives as long as this end of the pipe to its shell.
    kill_on_parent_exit: Option<ChildStdin>,
    memory: Memory,
}

/// The result of an invocation, and whether the environment can handle another event.
type Outcome = (Result<Value, Value>, Afterwards);

#[derive(PartialEq)]
enum Afterwards {
    Reusable,
    Over,
}

impl Function {
    pub(super) fn new(
        name: &str,
        program: PathBuf,
        environment: Vec<(String, String)>,
        timeout: Duration,
    ) -> Self {
        assert!(program.is_file(), "no program {}", program.display());
        let output = tempfile::tempfile().expect("a temporary file");
        let (idle, kills) = (Mutex::default(), watch::Sender::new(0));
        let (running, gate) = (RwLock::default(), Gate::default());
        Self { name: name.to_owned(), program, environment, timeout, output, idle, kills, running, gate }
    }

    /// Returns the response, or the error as Lambda returns it. After `before_delivery` the invocation can be killed.
    pub(super) async fn invoke(
        &self,
        event: Bytes,
        before_delivery: impl FnOnce(&Bytes),
    ) -> Result<Value, Value> {
        let gate = self.gate.lock().await;
        let _running = self.running.read().await;
        let mut killed = self.kills.subscribe();
        drop(gate);
        before_delivery(&event);
        let waiting = self.idle.lock().expect("no holder panics").pop();
        let mut execution = match waiting {
            Some(execution) => execution,
            None => self.start().await,
        };
        let (result, afterwards) = tokio::select! {
            outcome = execution.run(event, self.timeout) => outcome,
            _ = killed.changed() => {
                (Err(failure("Runtime.ExitError", "signal: killed")), Afterwards::Over)
            }
        };
        execution.memory.record();
        let mut idle = self.idle.lock().expect("no holder panics");
        // A concurrent `kill` either finds the environment in `idle`, or has changed `killed` before.
        if afterwards == Afterwards::Reusable && killed.has_changed().is_ok_and(|changed| !changed) {
            idle.push(execution);
            return result;
        }
        drop(idle);
        execution.end().await;
        result
    }

    /// The memory of each process that waits for an event.
    pub(super) fn memory(&self) -> Vec<Memory> {
        let idle = self.idle.lock().expect("no holder panics");
        idle.iter().map(|execution| execution.memory.clone()).collect()
    }

    pub(super) fn output(&self) -> String {
        let length = self.output.metadata().expect("an open file").len();
        let mut bytes = vec![0; usize::try_from(length).expect("it fits into memory")];
        self.output.read_exact_at(&mut bytes, 0).expect("it was written");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The processes that are reusable, when each has asked for its next event.
    pub(super) async fn waiting(&self) -> Vec<u32> {
        loop {
            let processes: Option<Vec<_>> = {
                let idle = self.idle.lock().expect("no holder panics");
                idle.iter().map(|execution| execution.waits(&self.program)).collect()
            };
            match processes {
                Some(processes) => return processes,
                None => sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Kills every process, and returns when all are dead.
    pub(super) async fn kill(&self) {
        let _gate = self.gate.lock().await;
        let idle = {
            let mut idle = self.idle.lock().expect("no holder panics");
            self.kills.send_modify(|kills| *kills += 1);
            std::mem::take(&mut *idle)
        };
        for mut execution in idle {
            execution.end().await;
        }
        drop(self.running.write().await);
    }

    async fn start(&self) -> Execution {
        let api = RuntimeApi::start(&self.name).await;
        let program = self.program.to_str().expect("a path in UTF-8");
        let mut command = Command::from(kill_on_parent_exit(&[program], Stop::Kill, None));
        command
            .env_clear()
            .envs(set_by_lambda(&self.name))
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        command.envs(self.environment.iter().cloned());
        command.stdout(self.output.try_clone().expect("one more handle"));
        command.stderr(self.output.try_clone().expect("one more handle"));
        let mut shell = command.spawn().expect("a shell");
        // Taken out of the child, because waiting for a child closes its standard input.
        let kill_on_parent_exit = shell.stdin.take();
        let memory = Memory::of(shell.id(), &self.program);
        Execution { api, shell, kill_on_parent_exit, memory }
    }
}

impl Execution {
    async fn run(&mut self, event: Bytes, limit: Duration) -> Outcome {
        match timeout(INIT, self.next_message()).await {
            Ok(Some(RuntimeMessage::Ready)) => {}
            Ok(Some(RuntimeMessage::Error(error))) => return (Err(error), Afterwards::Over),
            Ok(Some(RuntimeMessage::Response(_))) => {
                let error = failure("Runtime.BadResponse", "a response to no event");
                return (Err(error), Afterwards::Over);
            }
            Ok(None) => return (Err(self.exit().await), Afterwards::Over),
            Err(_) => {
                let error = failure("Runtime.InitTimeout", "no event was asked for in 10 seconds");
                return (Err(error), Afterwards::Over);
            }
        }
        let sent = self.api.events.send(Event { body: event, timeout: limit });
        sent.expect("the function waits for it");
        tokio::select! {
            message = self.next_message() => match message {
                Some(RuntimeMessage::Response(response)) => (Ok(response), Afterwards::Reusable),
                Some(RuntimeMessage::Error(error)) => (Err(error), Afterwards::Reusable),
                Some(RuntimeMessage::Ready) => {
                    (Err(failure("Runtime.NoResponse", "the function did not respond to the event")), Afterwards::Over)
                }
                None => (Err(self.exit().await), Afterwards::Over),
            },
            () = sleep(limit) => (Err(self.time_out(limit).await), Afterwards::Over),
        }
    }

    /// The next message of the function. `None` if its process ends instead.
    async fn next_message(&mut self) -> Option<RuntimeMessage> {
        tokio::select! {
            // A message that was sent before the end counts.
            biased;
            message = self.api.messages.recv() => message,
            _ = self.shell.wait() => None,
        }
    }

    /// The function's process, once it has asked for its next event.
    fn waits(&self, program: &Path) -> Option<u32> {
        let shell = self.shell.id().expect("the shell was not waited for");
        (!self.api.messages.is_empty()).then(|| memory::child(shell, program).expect("it runs the program"))
    }

    async fn exit(&mut self) -> Value {
        let status = self.shell.wait().await.expect("the shell is our child");
        failure("Runtime.ExitError", &format!("Runtime exited with error: {status}"))
    }

    /// Kills the process, and returns when it is dead.
    async fn end(&mut self) {
        self.kill_on_parent_exit = None;
        self.shell.wait().await.expect("the shell is our child");
    }

    /// Kills the process. As in Lambda, the error is returned when it is dead.
    async fn time_out(&mut self, limit: Duration) -> Value {
        self.end().await;
        failure("Sandbox.Timedout", &format!("Task timed out after {:.2} seconds", limit.as_secs_f64()))
    }
}

impl std::fmt::Debug for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Execution({})", self.api.address)
    }
}

/// The variables that Lambda sets for a function (AWS Lambda developer guide, "Defined runtime environment variables").
/// Only the local-aws of this process accepts the access key.
#[must_use]
pub fn set_by_lambda(function: &str) -> [(&'static str, &str); 10] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/testbed"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "testbed"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", FUNCTIONS_KEY.expose()),
        ("AWS_SECRET_ACCESS_KEY", "an-example-that-opens-nothing"),
        ("AWS_SESSION_TOKEN", "an-example-that-opens-nothing"),
    ]
}

fn failure(error_type: &str, message: &str) -> Value {
    json!({ "errorType": error_type, "errorMessage": message })
}
