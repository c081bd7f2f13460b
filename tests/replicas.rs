//! Secrets whose host is a replica or reader, what a rotation replicates, and secrets that have replicas in other regions.

mod mysql;
mod postgres;
mod regions;
