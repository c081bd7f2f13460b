//! What a person runs from a shell beside rotations, with credentials of their own and a route to the database.
//!
//! - [`pair`]: the SQL that makes the second of two alternating users
//! - [`revoke`]: ends a password that others may know, and proves it

mod environment;
mod logs;
pub mod pair;
mod program;
pub mod revoke;
