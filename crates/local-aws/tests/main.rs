//! local-aws over real HTTP.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops there")]

mod access_keys;
mod commands;
mod fails;
mod prints;
mod rds;
mod refuses;
mod rotates;
mod secrets;
mod serves;
mod support;
mod versions;
