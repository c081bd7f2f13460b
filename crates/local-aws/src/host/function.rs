//! One function, and its execution environments.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::sync::{Mutex as Gate, RwLock, watch};
use tokio::time::sleep;

use super::configuration::Configuration;
use super::execution::{Afterwards, Execution, killed_from_outside};
use super::memory::Memory;
use super::output::Output;
use super::program::Program;
use crate::lock::lock;

/// A function. Its processes end when it is dropped, or when this process ends.
#[derive(Debug)]
pub struct Function {
    program: Program,
    configuration: Configuration,
    output: Output,
    idle: Mutex<Vec<Execution>>,
    /// The most memory that an environment had which has ended, in KiB.
    most: Mutex<usize>,
    /// How many times all processes were killed.
    kills: watch::Sender<u32>,
    /// Held by every invocation until it ends, and until its process is dead if it was killed.
    running: RwLock<()>,
    /// Locked for a moment by every invocation, and for as long as processes are being killed.
    gate: Gate<()>,
}

impl Function {
    /// A function without a process; an invocation starts one.
    ///
    /// # Errors
    /// If no temporary file can be created for its output.
    pub fn new(program: Program, configuration: Configuration) -> io::Result<Self> {
        let (output, idle, kills) = (Output::new()?, Mutex::default(), watch::Sender::new(0));
        let (running, gate, most) = (RwLock::default(), Gate::default(), Mutex::default());
        Ok(Self { program, configuration, output, idle, most, kills, running, gate })
    }

    /// Invokes the function and waits for its response. As in Lambda, concurrent invocations run in two processes, and a
    /// process that has responded handles a later event.
    ///
    /// `before_delivery` is called once the invocation can be killed by [`Self::kill`], before the function gets the event.
    ///
    /// # Errors
    /// The function's error, or the host's, as an object with `errorType` and `errorMessage`.
    pub async fn invoke(&self, event: Bytes, before_delivery: impl FnOnce(&Bytes)) -> Result<Value, Value> {
        let gate = self.gate.lock().await;
        let _running = self.running.read().await;
        let mut killed = self.kills.subscribe();
        drop(gate);
        before_delivery(&event);
        let waiting = lock(&self.idle).pop();
        let mut execution = match waiting {
            Some(execution) => execution,
            None => Execution::start(&self.program, &self.configuration, &self.output).await?,
        };
        let (result, afterwards) = tokio::select! {
            outcome = execution.run(event, self.configuration.timeout) => outcome,
            _ = killed.changed() => (Err(killed_from_outside()), Afterwards::Over),
        };
        execution.memory.record();
        {
            let mut most = lock(&self.most);
            *most = execution.memory.most().max(*most);
        }
        let mut idle = lock(&self.idle);
        // A concurrent `kill` either finds the environment in `idle`, or has changed `killed` before.
        if afterwards == Afterwards::Reusable && killed.has_changed().is_ok_and(|changed| !changed) {
            idle.push(execution);
            return result;
        }
        drop(idle);
        execution.end().await;
        result
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.configuration.name
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        self.configuration.arn()
    }

    /// The memory of each process that waits for an event.
    #[must_use]
    pub fn memory(&self) -> Vec<Memory> {
        lock(&self.idle).iter().map(|execution| execution.memory.clone()).collect()
    }

    /// The most memory that an environment of it has had so far, in KiB; 0 if its memory is not limited, because then it
    /// is not measured.
    #[must_use]
    pub fn most_memory(&self) -> usize {
        *lock(&self.most)
    }

    /// How many bytes it has written to its standard output and standard error.
    #[must_use]
    pub fn output_length(&self) -> u64 {
        self.output.length()
    }

    /// What it has written to its standard output and standard error, from this byte on.
    #[must_use]
    pub fn output_from(&self, start: u64) -> String {
        self.output.text_from(start)
    }

    /// The end of what it has written since this byte: at most so many bytes.
    #[must_use]
    pub fn last_output(&self, start: u64, most: u64) -> String {
        self.output.text_from(start.max(self.output.length().saturating_sub(most)))
    }

    /// The processes that are reusable, when each has asked for its next event.
    pub async fn waiting(&self) -> Vec<u32> {
        loop {
            let processes: Option<Vec<_>> = lock(&self.idle).iter().map(Execution::waits).collect();
            match processes {
                Some(processes) => return processes,
                None => sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Kills every process, and returns when all are dead. Their invocations fail; the next one starts a new process.
    pub async fn kill(&self) {
        let _gate = self.gate.lock().await;
        let idle = {
            let mut idle = lock(&self.idle);
            self.kills.send_modify(|kills| *kills += 1);
            std::mem::take(&mut *idle)
        };
        for mut execution in idle {
            execution.end().await;
        }
        drop(self.running.write().await);
    }
}
