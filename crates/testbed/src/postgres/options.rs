//! What a test can choose about a server of its own.

use crate::authority::Certificate;

/// How a test's own server differs from the shared one.
#[derive(Clone, Copy, Debug, Default)]
pub struct PostgresOptions<'a> {
    /// The server's certificate.
    pub certificate: Certificate,
    /// Lines of `postgresql.conf`, such as `("max_connections", "10")`.
    pub settings: &'a [(&'a str, &'a str)],
    /// Lines put before the usual ones of `pg_hba.conf`, which ask all users for SCRAM-SHA-256.
    pub pg_hba: &'a [&'a str],
    /// Whether it starts as a standby, see [`Postgres::replica_of`](super::Postgres::replica_of).
    pub is_standby: bool,
}
