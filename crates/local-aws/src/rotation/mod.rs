//! The service side of a rotation: calls the function step by step, and retries.

mod client;
mod function;
mod invoke;
mod progress;
mod report;
mod run;
mod schedules;

pub(crate) use client::{FunctionClient, client};
pub(crate) use function::{check_function, function_name};
pub(crate) use progress::Rotations;
pub use progress::{Attempt, FunctionError, FunctionErrorKind, Rotation, Step, StepResult};
pub(crate) use run::{Kind, Run, start};
pub(crate) use schedules::{Schedules, run as run_schedules};
