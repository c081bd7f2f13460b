//! Whom to trust: the public roots (built into the driver), Amazon RDS's own, and the operator's.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::roots;

/// The authorities that may vouch for a database server, beside the public ones.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    pem: Vec<u8>,
}

/// Why a file names no authority.
#[derive(Debug)]
pub struct AuthorityError(String);

impl std::fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AuthorityError {}

impl TrustAnchors {
    /// RDS's roots, and the certificates of a PEM file where there is one.
    ///
    /// # Errors
    /// Where the PEM holds no certificate, or one that cannot be an authority's.
    pub fn new(extra: Option<&[u8]>) -> Result<Self, AuthorityError> {
        let mut pem = roots::RDS.as_bytes().to_vec();
        if let Some(extra) = extra {
            check(extra)?;
            pem.push(b'\n');
            pem.extend_from_slice(extra);
        }
        Ok(Self { pem })
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.pem.clone()
    }
}

fn check(pem: &[u8]) -> Result<(), AuthorityError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| AuthorityError(format!("it is not PEM ({error})")))?;
        store
            .add(certificate)
            .map_err(|error| AuthorityError(format!("a certificate cannot be read ({error})")))?;
    }
    if store.is_empty() { Err(AuthorityError("it holds no certificate".into())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(TrustAnchors::new(Some(pem.as_bytes())).is_err(), "{pem:?}");
        }
        assert!(TrustAnchors::new(None).is_ok());
    }
}
