//! What every function's binary does: read the environment, start the runtime, answer Secrets Manager.

mod clock;
mod config;
mod failure;
mod logs;
mod metrics;
mod serve;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Wipes whatever is freed. The SDK, HTTP, TLS and the drivers copy passwords on their way and never wipe them, and Lambda
/// keeps an idle process, with all of its memory, for as long as it likes.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

pub use serve::{Engine, serve};
