//! What every kind of fault does.

use async_trait::async_trait;

use super::subject::Subject;
use testbed::{Application, STEPS, Setup};

/// A kind of fault, and when it happens.
#[async_trait]
pub trait FaultInjector<S: Subject>: Send {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// The steps that it can interrupt.
    fn steps(&self) -> &'static [&'static str] {
        &STEPS
    }

    /// Whether there is no further case to try.
    fn is_over(&self) -> bool {
        false
    }

    /// Whether an operator gives up some of the rotations.
    fn gives_up(&self) -> bool {
        true
    }

    /// A new application, with the proxies that this fault needs.
    async fn application<'a>(&mut self, server: &'a S, setup: Setup<'_>) -> Application<'a, S>;

    /// Begins a rotation, or continues the one that is not complete, until it completes or fails.
    async fn attempt(&mut self, application: &Application<'_, S>) -> Attempt;

    /// Runs a step of a rotation that was given up. Returns whether the function accepted it.
    async fn run_late(&mut self, application: &Application<'_, S>, step: &str, version: &str) -> bool {
        application.step(step, version).await.is_ok()
    }
}

/// How an attempt at a rotation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The rotation is complete, and this version is current.
    Completed(String),
    /// The fault interrupted this step.
    Interrupted(&'static str),
    /// A step failed, and not because of the fault; with its error.
    Failed(String),
}

/// The place of a step among the four.
pub(super) fn number_of(step: &str) -> usize {
    STEPS.iter().position(|known| *known == step).expect("one of the four steps")
}
