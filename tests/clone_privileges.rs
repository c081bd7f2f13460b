//! Alternating users: the clone has the privileges and settings of its base, and no more.

mod mysql;
mod postgres;
