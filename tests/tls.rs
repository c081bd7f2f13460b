//! TLS: an attacker on the network who strips it, or shows a wrong certificate, reads no password.

mod aws;
mod cleartext;
mod mysql;
mod mysql_greeting;
mod postgres;
