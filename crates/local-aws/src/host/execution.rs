//! An execution environment of a function: as in Lambda, a process with a Runtime API of its own.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};

use super::configuration::Configuration;
use super::environment::set_by_lambda;
use super::kill_on_parent_exit::{Stop, kill_on_parent_exit};
use super::memory::Memory;
use super::output::Output;
use super::program::Program;
use super::runtime_api::{Event, RuntimeApi, RuntimeMessage};

/// How long a process may take until it asks for its first event (AWS Lambda developer guide, "Init phase").
const INIT: Duration = Duration::from_secs(10);
/// The pause between two measurements of the memory.
const MEASURE: Duration = Duration::from_millis(10);

/// One process, which handles one event after the other.
pub(super) struct Execution {
    api: RuntimeApi,
    shell: Child,
    /// The process lives as long as this end of the pipe to its shell.
    kill_on_parent_exit: Option<ChildStdin>,
    pub(super) memory: Memory,
    /// The most memory that it may have, in KiB.
    limit: Option<usize>,
}

/// The result of an invocation, and whether the environment can handle another event.
pub(super) type Outcome = (Result<Value, Value>, Afterwards);

#[derive(PartialEq)]
pub(super) enum Afterwards {
    Reusable,
    Over,
}

/// What happens next in the process.
enum Next {
    Message(RuntimeMessage),
    Exited,
    OutOfMemory,
}

impl Execution {
    /// Starts a process. As an error, Lambda's response.
    pub(super) async fn start(
        program: &Program,
        configuration: &Configuration,
        output: &Output,
    ) -> Result<Self, Value> {
        let broken = |error: std::io::Error| {
            failure("Host.StartError", &format!("local-aws cannot start a process for the function: {error}"))
        };
        let api = RuntimeApi::start(&configuration.arn()).await.map_err(broken)?;
        let mut command = Command::from(kill_on_parent_exit(program.words(), Stop::KillGroup, None));
        command
            .env_clear()
            .envs(set_by_lambda(program, configuration))
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        command.envs(configuration.environment.iter().cloned());
        command.current_dir(program.folder());
        command.stdout(output.stdio().map_err(broken)?);
        command.stderr(output.stdio().map_err(broken)?);
        let mut shell = command.spawn().map_err(broken)?;
        // Taken out of the child, because waiting for a child closes its standard input.
        let kill_on_parent_exit = shell.stdin.take();
        let memory = Memory::of(shell.id());
        Ok(Execution { api, shell, kill_on_parent_exit, memory, limit: configuration.memory.limit() })
    }

    /// Waits until the process asks for an event, hands it this one, and waits for the response.
    pub(super) async fn run(&mut self, event: Bytes, limit: Duration) -> Outcome {
        match timeout(INIT, self.next()).await {
            Ok(Next::Message(RuntimeMessage::Ready)) => {}
            Ok(Next::Message(RuntimeMessage::Error(error))) => return (Err(error), Afterwards::Over),
            Ok(Next::Message(RuntimeMessage::Response(_))) => {
                let error = failure("Runtime.BadResponse", "a response to no event");
                return (Err(error), Afterwards::Over);
            }
            Ok(Next::Exited) => return (Err(self.exit().await), Afterwards::Over),
            Ok(Next::OutOfMemory) => return (Err(self.out_of_memory().await), Afterwards::Over),
            Err(_) => {
                let error = failure("Runtime.InitTimeout", "no event was asked for in 10 seconds");
                return (Err(error), Afterwards::Over);
            }
        }
        // It fails only if the process has ended, which the next wait notices.
        let _ = self.api.events.send(Event { body: event, timeout: limit });
        match timeout(limit, self.next()).await {
            Ok(Next::Message(RuntimeMessage::Response(response))) => (Ok(response), Afterwards::Reusable),
            Ok(Next::Message(RuntimeMessage::Error(error))) => (Err(error), Afterwards::Reusable),
            Ok(Next::Message(RuntimeMessage::Ready)) => {
                let error = failure("Runtime.NoResponse", "the function did not respond to the event");
                (Err(error), Afterwards::Over)
            }
            Ok(Next::Exited) => (Err(self.exit().await), Afterwards::Over),
            Ok(Next::OutOfMemory) => (Err(self.out_of_memory().await), Afterwards::Over),
            Err(_) => (Err(self.time_out(limit).await), Afterwards::Over),
        }
    }

    async fn next(&mut self) -> Next {
        let (memory, limit) = (&mut self.memory, self.limit);
        tokio::select! {
            // A message that was sent before the end counts.
            biased;
            message = self.api.messages.recv() => match message {
                Some(_) if limit.is_some_and(|limit| memory.measure() > limit) => Next::OutOfMemory,
                Some(message) => Next::Message(message),
                None => Next::Exited,
            },
            _ = self.shell.wait() => Next::Exited,
            () = exceeds(memory, limit) => Next::OutOfMemory,
        }
    }

    /// The function's process, once it has asked for its next event. `None` before that.
    pub(super) fn waits(&self) -> Option<u32> {
        if self.api.messages.is_empty() {
            return None;
        }
        self.memory.processes().first().copied()
    }

    /// Kills the process, and returns when it is dead.
    pub(super) async fn end(&mut self) {
        self.kill_on_parent_exit = None;
        // Its status says that it was killed.
        let _ = self.shell.wait().await;
    }

    async fn exit(&mut self) -> Value {
        let message = match self.shell.wait().await {
            Ok(status) => exited(status),
            Err(error) => format!("Runtime exited with error: {error}"),
        };
        failure("Runtime.ExitError", &message)
    }

    /// Kills the process. As in Lambda, the error is returned when it is dead.
    async fn time_out(&mut self, limit: Duration) -> Value {
        self.end().await;
        failure("Sandbox.Timedout", &format!("Task timed out after {:.2} seconds", limit.as_secs_f64()))
    }

    async fn out_of_memory(&mut self) -> Value {
        self.end().await;
        failure("Runtime.OutOfMemory", &killed())
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Execution({})", self.api.address)
    }
}

/// Returns when the memory exceeds the limit; never without one.
async fn exceeds(memory: &mut Memory, limit: Option<usize>) {
    let Some(limit) = limit else { return std::future::pending().await };
    while memory.measure() <= limit {
        sleep(MEASURE).await;
    }
}

fn exited(status: ExitStatus) -> String {
    format!("Runtime exited with error: {status}")
}

fn killed() -> String {
    "Runtime exited with error: signal: killed".to_owned()
}

/// The error of an invocation that was killed from outside.
pub(super) fn killed_from_outside() -> Value {
    failure("Runtime.ExitError", "signal: killed")
}

fn failure(error_type: &str, message: &str) -> Value {
    json!({ "errorType": error_type, "errorMessage": message })
}
