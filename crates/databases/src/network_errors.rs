//! What a lost or refused connection means, on either engine.

use std::io;

use rotation::{CallError, Cause, Endpoint};
use rustls::CertificateError;

/// The driver's own message is left out: it may quote what was sent.
pub(crate) fn not_understood(endpoint: &Endpoint) -> CallError {
    let what = format!("{endpoint} sent a response that the driver does not understand");
    CallError::failed(Cause::Protocol, what)
}

/// Explains a failed read or write. rustls's errors come wrapped in I/O errors.
pub(crate) fn from_io(endpoint: &Endpoint, error: &io::Error) -> CallError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return from_tls(endpoint, error);
    }
    let what = format!("{endpoint} could not be reached ({})", error.kind());
    CallError::failed(Cause::NotAnswering, what)
}

/// Explains a failed TLS handshake: always an error, never a reason to connect without TLS.
#[expect(clippy::wildcard_enum_match_arm, reason = "CertificateError is non-exhaustive")]
pub(crate) fn from_tls(endpoint: &Endpoint, error: &rustls::Error) -> CallError {
    let host = &endpoint.host;
    let rustls::Error::InvalidCertificate(reason) = error else {
        return CallError::failed(Cause::TlsFailed, format!("no TLS with {endpoint} ({error})"));
    };
    let (cause, what) = match reason {
        CertificateError::UnknownIssuer if is_rds(host) => (
            Cause::TlsUnknownRdsAuthority,
            "comes from an authority that is not among the roots of RDS built in",
        ),
        CertificateError::UnknownIssuer => (Cause::TlsUnknownAuthority, "comes from an unknown authority"),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (Cause::TlsWrongName, "is for another name")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (Cause::TlsExpired, "has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (Cause::TlsExpired, "is not valid yet")
        }
        _ => (Cause::TlsFailed, "is not acceptable"),
    };
    CallError::failed(cause, format!("the certificate of {endpoint} {what}"))
}

/// In China the region comes after `rds`.
fn is_rds(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host.contains(".rds.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
}
