//! Where AWS's services are, under the names that all SDKs of AWS read.

use url::{Host, Url};

use crate::{Endpoints, Settings};

/// Ours, and the SDK's own ways to another endpoint; all are held to the same rule.
const ENDPOINTS: [&str; 4] = [
    "SECRETS_MANAGER_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_RDS",
];

impl Settings {
    /// What AWS's SDKs read of the environment by themselves, but for the credentials. `values` returns a variable's value.
    ///
    /// # Errors
    /// The names of all endpoints to which secrets would travel without TLS, and not to a program on this machine.
    pub fn named(values: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        // An empty variable is one that is not set, as templates leave them.
        let set = |name: &str| values(name).filter(|value| !value.is_empty());
        let unprotected = ENDPOINTS.iter().filter(|name| set(name).is_some_and(|url| !is_protected(&url)));
        let problems: Vec<_> = unprotected
            .map(|name| format!("{name} must be an https URL, or http to a loopback address"))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let is_true = |name: &str| set(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let named = |name: &str| {
            let url = || set(name).or_else(|| set("AWS_ENDPOINT_URL"));
            if is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") { None } else { url() }
        };
        let secrets_manager =
            set("SECRETS_MANAGER_ENDPOINT").or_else(|| named("AWS_ENDPOINT_URL_SECRETS_MANAGER"));
        Ok(Self {
            region: set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")),
            use_fips: is_true("AWS_USE_FIPS_ENDPOINT"),
            use_dual_stack: is_true("AWS_USE_DUALSTACK_ENDPOINT"),
            endpoints: Endpoints { secrets_manager, rds: named("AWS_ENDPOINT_URL_RDS") },
        })
    }
}

/// Secrets travel there: only TLS, or a program on this machine.
fn is_protected(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_protected() {
        for url in [
            "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com",
            "http://127.0.0.1:4566",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(is_protected(url), "{url}");
        }
        for url in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1@example.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1:4566",
            "unix:/run/socket",
            "",
        ] {
            assert!(!is_protected(url), "{url}");
        }
    }
}
