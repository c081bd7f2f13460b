//! What a test can choose about a server of its own.

use crate::authority::Certificate;

/// How a test's own server differs from the shared one.
#[derive(Clone, Copy, Debug, Default)]
pub struct MySqlOptions<'a> {
    /// The server's certificate.
    pub certificate: Certificate,
    /// Options of the server, such as `("max-connections", "10")`.
    pub settings: &'a [(&'a str, &'a str)],
}
