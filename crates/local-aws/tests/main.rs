//! local-aws over HTTP, and its command line.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops there")]

mod access_keys;
mod broken_connections;
mod commands;
mod events;
mod host;
mod lists;
mod malformed_requests;
mod many_rotations;
mod members;
mod planned_failures;
mod rds;
mod readme;
mod rejected_requests;
mod replication;
mod resource_policies;
mod rotation;
mod run_command;
mod run_functions;
mod schedules;
mod secrets;
mod serve_command;
mod state_file;
mod support;
mod terminal_output;
mod updates;
mod versions;
