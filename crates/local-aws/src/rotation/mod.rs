//! The service side of a rotation: calls the function step by step, and retries.

mod client;
mod function;
mod invoke;
mod kind;
mod progress;
mod report;
mod run;
mod schedules;
#[cfg(test)]
mod turned_on_again;
mod wake;

pub(crate) use client::{FunctionClient, client};
pub(crate) use function::{check_function, function_name};
pub(crate) use invoke::invoke;
pub(crate) use kind::{Kind, Run};
pub(crate) use progress::Rotations;
pub use progress::{Attempt, FunctionError, FunctionErrorKind, Rotation, Step, StepResult};
pub(crate) use run::start;
pub(crate) use schedules::run as run_schedules;
pub(crate) use wake::Schedules;
