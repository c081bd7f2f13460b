//! What every function's binary does: read the environment, start the runtime, answer Secrets Manager.

mod clock;
mod config;
mod failure;
mod logs;
mod metrics;
mod serve;

pub use serve::{Engine, serve};
