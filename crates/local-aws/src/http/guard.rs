use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};

use crate::AccessKey;
use crate::operations::Caller;
use crate::secrets::Region;
use crate::service::Settings;

/// Refuses every request that a browser may have sent for a web page.
///
/// A web page can make a browser send requests to 127.0.0.1. With a host name of its own that resolves to this machine
/// (DNS rebinding) it could also read the responses; such a request has that name in its `Host`. All others carry an
/// `Origin`, which no AWS SDK and no command line sends. A page of this machine's own origin is refused as well, because
/// any local user can serve one.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut hosts = headers.get_all(HOST).into_iter().peekable();
    if hosts.peek().is_none() || !hosts.all(|host| text(host).is_some_and(is_this_machine)) {
        return Err("the Host header must be 127.0.0.1, localhost or [::1]");
    }
    if headers.contains_key(ORIGIN) {
        return Err("requests of a web page (with an Origin header) are refused");
    }
    Ok(())
}

/// Why a request is not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unauthenticated {
    /// It has no Signature Version 4.
    Unsigned,
    /// Its access key is not one of the server's.
    UnknownKey,
    /// Its signature names no region.
    NoRegion,
}

/// The scope of a request's signature, as far as it matters here.
pub(crate) struct Signed<'a> {
    pub(crate) access_key: &'a AccessKey,
    pub(crate) region: Region,
    pub(crate) caller: Caller,
}

/// The access key and the region in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. Nothing else of the signature is
/// verified.
pub(super) fn authenticate<'a>(
    settings: &'a Settings,
    headers: &HeaderMap,
) -> Result<Signed<'a>, Unauthenticated> {
    let signature = headers.get(AUTHORIZATION).and_then(text).unwrap_or_default();
    let parts = ["Credential=", "SignedHeaders=", "Signature="];
    if !signature.starts_with("AWS4-HMAC-SHA256 ") || !parts.iter().all(|part| signature.contains(part)) {
        return Err(Unauthenticated::Unsigned);
    }
    let scope = signature.split_once("Credential=").map_or("", |(_, scope)| scope);
    let mut parts = scope.split('/');
    let key = parts.next().unwrap_or_default();
    let is_function = AccessKey::find(&settings.function_keys, key);
    let access_key =
        is_function.or(AccessKey::find(&settings.access_keys, key)).ok_or(Unauthenticated::UnknownKey)?;
    let region = parts.nth(1).and_then(Region::new).ok_or(Unauthenticated::NoRegion)?;
    let caller = match is_function {
        Some(_) => Caller::Function,
        None if settings.function_keys.is_empty() => Caller::Unknown,
        None => Caller::Person,
    };
    Ok(Signed { access_key, region, caller })
}

fn is_this_machine(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        Some(_) | None => (host, ""),
    };
    let local = ["127.0.0.1", "localhost", "[::1]"];
    local.iter().any(|local| name.eq_ignore_ascii_case(local)) && port.chars().all(|c| c.is_ascii_digit())
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_this_machine() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("127.0.0.1:4566", true),
            ("localhost:1", true),
            ("LocalHost", true),
            ("[::1]", true),
            ("[::1]:4566", true),
            ("", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example:4566", false),
            ("evil.example", false),
            ("127.0.0.2", false),
            ("localhost:evil", false),
        ] {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }
}
