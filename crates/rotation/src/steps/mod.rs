//! The four steps, one file each: load, refuse, act. What they share is in the other files.

mod alternate;
mod context;
mod create_secret;
mod finish_secret;
mod idle_user;
mod open_sessions;
mod other_versions;
mod patience;
mod regions;
mod rehearsal;
mod set_and_promote;
mod set_secret;
mod sign_in;
mod superuser;
mod test_secret;
mod write;

pub(crate) use context::Context;
pub(crate) use create_secret::create_secret;
pub(crate) use finish_secret::{finish_secret, look_at_regions};
pub(crate) use rehearsal::{CurrentSignIn, NextChange, Rehearsal, rehearse};
pub(crate) use set_and_promote::set_and_promote;
pub(crate) use set_secret::set_secret;
pub(crate) use test_secret::test_secret;
