//! Secrets whose host is a replica or reader, and what a rotation replicates.

mod mysql;
mod postgres;
