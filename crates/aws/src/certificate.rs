//! Certificates of AWS's APIs that are rejected: what is wrong with them, and that no other attempt is made.

use std::error::Error;
use std::io;

use aws_sdk_secretsmanager::config::interceptors::InterceptorContext;
use aws_sdk_secretsmanager::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_secretsmanager::error::ConnectorError;
use aws_sdk_secretsmanager::primitives::{DateTime, DateTimeFormat};
use rotation::Cause;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::chain::chain;

/// How many of a certificate's names are shown: one can hold hundreds.
const NAMES: usize = 5;

/// Ends a call at a certificate that was rejected. The SDK takes every failed connection for one that may pass, and would try it
/// again after up to 1 s and once more after up to 2 s.
#[derive(Debug)]
pub(crate) struct NoRetry;

impl ClassifyRetry for NoRetry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let connector = error.and_then(|error| error.as_connector_error());
        match connector.and_then(rejected_certificate) {
            Some(_) => RetryAction::RetryForbidden,
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "rejected certificate"
    }
}

/// Why the service's certificate was rejected, if that is what failed.
pub(crate) fn rejected_certificate(error: &ConnectorError) -> Option<&CertificateError> {
    chain(error).find_map(certificate_error)
}

/// rustls's errors come wrapped in I/O errors, one in another, whose `source` passes over what they wrap.
fn certificate_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(error)) = error.downcast_ref() {
        return Some(error);
    }
    error.downcast_ref::<io::Error>()?.get_ref().and_then(|error| certificate_error(error))
}

/// The cause, and the message after the service's name; `None` if the fault of the certificate needs no remedy of its own.
#[expect(clippy::wildcard_enum_match_arm, reason = "CertificateError is non-exhaustive")]
pub(crate) fn explain(error: &CertificateError) -> Option<(Cause, String)> {
    let (cause, what) = match error {
        CertificateError::UnknownIssuer => {
            (Cause::TlsUnknownAwsAuthority, "from an authority that is not trusted".to_owned())
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = presented.iter().take(NAMES).map(|name| bare(name)).collect::<Vec<_>>().join(", ");
            let what = format!("for another name than {} ({names})", expected.to_str());
            (Cause::TlsWrongAwsName, what)
        }
        CertificateError::NotValidForName => (Cause::TlsWrongAwsName, "for another name".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            (Cause::TlsExpiredAws, format!("that expired at {}", date(*not_after)))
        }
        CertificateError::Expired => (Cause::TlsExpiredAws, "that has expired".to_owned()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            (Cause::TlsExpiredAws, format!("that is not valid before {}", date(*not_before)))
        }
        CertificateError::NotValidYet => (Cause::TlsExpiredAws, "that is not valid yet".to_owned()),
        _ => return None,
    };
    Some((cause, format!("presents a certificate {what}")))
}

/// A name without its type: rustls-webpki 0.103 gives `DnsName("...")` and `IpAddress(...)`, with what does not print escaped.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

fn date(time: UnixTime) -> String {
    let time = DateTime::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    time.fmt(DateTimeFormat::DateTime).unwrap_or_else(|_| "a date that cannot be told".to_owned())
}
