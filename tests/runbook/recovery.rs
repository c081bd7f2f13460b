//! Secrets and databases that are restored.

mod databases;
mod secrets;
