//! Settings of servers, databases, roles and sessions: a rotation succeeds whatever they are.

mod mysql;
mod postgres;
