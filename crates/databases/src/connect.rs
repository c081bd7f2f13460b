//! Time limits, and what a failed connection means.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rotation::{CallError, Cause, Endpoint};
use rustls::CertificateError;

/// How long a call to a server may take. Both are bounded again by the Lambda deadline.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Name resolution, TCP, TLS and sign-in: 25 s unless set. Whoever waits for less drops the call.
    pub connect: Duration,
    /// One transaction, or what stands for it: 20 s unless set. A PostgreSQL server gives up on a statement after 15 s and
    /// on a lock after 2 s, MySQL on a lock after 5 s, MariaDB on a statement after 15 s.
    pub transaction: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(25), transaction: Duration::from_secs(20) }
    }
}

/// Runs a call within a limit. The drivers panic at messages that are cut short: whoever answers must not end the process.
pub(crate) async fn within<T>(
    limit: Duration,
    endpoint: &Endpoint,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let mut call = pin!(call);
    let caught = poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        poll.unwrap_or_else(|_| Poll::Ready(Err(not_understood(endpoint))))
    });
    tokio::time::timeout(limit, caught).await.unwrap_or_else(|_| {
        let answer = format!("{endpoint} did not answer within {} s", limit.as_secs());
        Err(CallError::failed(Cause::NotAnswering, answer))
    })
}

/// Without the driver's words, which may quote what was sent.
pub(crate) fn not_understood(endpoint: &Endpoint) -> CallError {
    let answer = format!("{endpoint} answered what the driver does not understand");
    CallError::failed(Cause::Protocol, answer)
}

/// What it means that bytes did not get through. rustls's errors come wrapped in I/O errors.
pub(crate) fn from_io(endpoint: &Endpoint, error: &io::Error) -> CallError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return from_tls(endpoint, error);
    }
    let answer = format!("{endpoint} could not be reached ({})", error.kind());
    CallError::failed(Cause::NotAnswering, answer)
}

/// What it means that TLS was not agreed on: always an error, never a reason to do without.
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
