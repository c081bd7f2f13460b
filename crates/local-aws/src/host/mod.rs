//! Runs functions as Lambda does, for a rotation that calls them: [`Program`] is what a function runs, [`Function`] is one
//! function, and [`InvokeAddress`] the address at which [`LocalAws`](crate::LocalAws) calls functions.
//!
//! As on Lambda:
//! - a process handles one event after the other, and concurrent events are handled by separate processes;
//! - it has the variables that Lambda sets ([`set_by_lambda`]) and those of its configuration, and none of this machine's;
//! - it must ask for its first event within 10 s, and respond before the deadline that each event names. Otherwise it is
//!   killed (`Sandbox.Timedout`), with the processes that it has started;
//! - it is killed if it has more memory than its limit (`Runtime.OutOfMemory`, "signal: killed").
//!
//! **The memory** is the resident memory of the function's process and of those that it has started (`VmRSS` of proc(5)),
//! measured every 10 ms while a function starts or handles an event, and when it responds. The peak of each process
//! (`VmHWM`) is read as well, so a peak between two measurements counts if the process is alive at the next one. Lambda
//! limits a virtual machine instead: there the memory of the kernel and of files that were read counts, too. So a function
//! that almost needs its limit here may exceed it there.
//!
//! Not as on Lambda: the function runs as the user of this process, can read and write what that user can, and has all of
//! the processor (Lambda gives 128 MB a fourteenth of a core). There are no extensions, layers, concurrency limits and
//! billing. Neither the invoke address nor the Runtime APIs authenticate anybody: every user of this machine can invoke a
//! function, or take the event that it waits for. A process that waits for an event keeps running. The error for too little
//! memory puts together what others saw: the error type in Lambda's log, and the message in its responses.

mod configuration;
mod environment;
mod execution;
mod function;
mod invoke_address;
mod kill_on_parent_exit;
mod memory;
mod output;
mod package;
mod program;
mod runtime_api;

pub use configuration::{Configuration, MemorySize};
pub use environment::set_by_lambda;
pub use function::Function;
pub use invoke_address::{Invoke, InvokeAddress};
pub use kill_on_parent_exit::{Stop, kill_on_parent_exit};
pub use memory::{Memory, peak, rss};
pub use package::PackageError;
pub use program::{Program, ProgramError};
pub use runtime_api::{Event, RuntimeApi, RuntimeMessage};
