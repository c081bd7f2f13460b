//! Where a secret's server is, and how to speak to it.

use std::fmt;

/// An address and a port: what two secrets must share to be for one server.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// A host name or address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

impl PartialEq for Endpoint {
    /// Host names are compared whole and without case: `replica1.evil.example` shares its first label
    /// with a replica of ours, and nothing else.
    fn eq(&self, other: &Self) -> bool {
        let whole = |host: &str| host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.port == other.port && whole(&self.host) == whole(&other.host)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Whether a connection is protected by TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Required and verified against the host's name: `ssl` is true or absent.
    Required,
    /// Forbidden: `ssl` is false.
    Forbidden,
}

/// A server to sign in to.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Whether the connection is protected.
    pub tls: Tls,
    /// The database to open; the engine's own default where absent.
    pub database: Option<String>,
}

/// Whether a host is an RDS Proxy: `NAME.proxy-ID.REGION.rds.amazonaws.com` or
/// `NAME.endpoint.proxy-ID.REGION.rds.amazonaws.com` (Amazon RDS User Guide, "Working with RDS Proxy endpoints").
pub(crate) fn is_proxy(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // In China the region comes last: NAME.proxy-ID.rds.REGION.amazonaws.com.cn.
    let is_aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    is_aws && host.contains(".rds.") && host.split('.').skip(1).any(|label| label.starts_with("proxy-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_equal_whole_and_without_case() {
        let at = |host: &str, port| Endpoint { host: host.into(), port };
        assert_eq!(at("DB.example.com", 5432), at("db.example.com.", 5432));
        assert_ne!(at("db.example.com", 5432), at("db.example.com", 5433));
        assert_ne!(at("db.example.com", 5432), at("db.evil.example", 5432));
    }

    #[test]
    fn a_proxy_is_known_by_its_name_and_nothing_else_is() {
        assert!(is_proxy("shop.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com"));
        assert!(is_proxy("reader.endpoint.PROXY-abcdefghijkl.eu-west-1.rds.amazonaws.com."));
        assert!(is_proxy("shop.proxy-abcdefghijkl.rds.cn-north-1.amazonaws.com.cn"));
        assert!(!is_proxy("proxy-1.abcdefghijkl.eu-west-1.rds.amazonaws.com"));
        assert!(!is_proxy("shop.proxy-abcdefghijkl.example.com"));
    }
}
