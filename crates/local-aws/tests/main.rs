//! local-aws over real HTTP.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops there")]

mod commands;
mod fails;
mod rds;
mod refuses;
mod rotates;
mod secrets;
mod support;
mod versions;
