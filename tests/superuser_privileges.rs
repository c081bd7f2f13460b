//! Superusers with few privileges: what they can do, and which error names what they lack.

mod mysql;
mod postgres;
