//! Whom to trust: the public roots, Amazon RDS's own, and the operator's; and TLS with PostgreSQL, which is spoken here.

use std::sync::Arc;

use rotation::{Cause, EdgeError, Endpoint};
use rustls::crypto::ring::{default_provider, kx_group};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::connect::from_io;
use crate::roots;

/// The authorities that may vouch for a database server, beside the public ones.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    /// For the driver of MySQL, which has the public ones built in.
    pem: Vec<u8>,
    client: Arc<ClientConfig>,
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
        let mut trusted = authorities(&pem)?;
        if let Some(extra) = extra {
            let own = authorities(extra)?;
            if own.is_empty() {
                return Err(AuthorityError("it holds no certificate".into()));
            }
            trusted.roots.extend(own.roots);
            pem.push(b'\n');
            pem.extend_from_slice(extra);
        }
        trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Ok(Self { pem, client: Arc::new(client(trusted)?) })
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.pem.clone()
    }

    /// Agrees on TLS with the server, whose certificate has to be for its host.
    ///
    /// # Errors
    /// Every failure; there is no connection without.
    pub(crate) async fn secure(
        &self,
        socket: TcpStream,
        endpoint: &Endpoint,
    ) -> Result<TlsStream<TcpStream>, EdgeError> {
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| {
            let answer = format!("{} is no name that a certificate can hold", endpoint.host);
            EdgeError::failed(Cause::TlsWrongName, answer)
        })?;
        let connector = TlsConnector::from(Arc::clone(&self.client));
        connector.connect(name, socket).await.map_err(|error| from_io(endpoint, &error))
    }
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, AuthorityError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| AuthorityError(format!("it is not PEM ({error})")))?;
        store
            .add(certificate)
            .map_err(|error| AuthorityError(format!("a certificate cannot be read ({error})")))?;
    }
    Ok(store)
}

fn client(trusted: RootCertStore) -> Result<ClientConfig, AuthorityError> {
    let mut provider = default_provider();
    // The curve of PostgreSQL's own setting (`ssl_ecdh_curve`, up to 17) comes first: another would cost a round trip.
    provider.kx_groups = vec![kx_group::SECP256R1, kx_group::X25519, kx_group::SECP384R1];
    let versions =
        ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| AuthorityError(format!("there is no TLS ({error})")))?;
    Ok(builder.with_root_certificates(trusted).with_no_client_auth())
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
