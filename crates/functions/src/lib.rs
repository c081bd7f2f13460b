//! What every function's binary does: read the environment, start the runtime, respond to Secrets Manager.

mod clock;
mod config;
mod failure;
mod logs;
mod metrics;
mod serve;
mod surroundings;

use std::alloc::System;

use cap::Cap;
use zeroizing_alloc::ZeroAlloc;

pub use serve::{Rds, serve};

/// Many times what a rotation needs. The database drivers reserve as much as a server says that it will send.
const MOST_MEMORY: usize = 256 * 1024 * 1024;

/// Wipes memory when it is freed, and gives no more than that. The SDK, HTTP, TLS and the drivers copy passwords on their way and
/// never wipe them, and Lambda keeps an idle process, with all of its memory, for as long as it likes.
#[global_allocator]
static MEMORY: Cap<ZeroAlloc<System>> = Cap::new(ZeroAlloc(System), MOST_MEMORY);
