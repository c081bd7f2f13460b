//! Certificate authorities to trust (public, Amazon RDS's, the operator's), and the TLS handshake with PostgreSQL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rotation::{CallError, Cause, Endpoint};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::{default_provider, kx_group};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::network_errors::from_io;
use crate::roots;

/// Longer than any certificate is valid.
const FOR_EVER: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// The authorities that may certify a database server, beside the public ones: RDS's, and the operator's.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    /// The operator's authorities, in PEM.
    extra: Vec<u8>,
    /// TLS configurations by region of RDS; the empty name is for all other servers.
    clients: Arc<Mutex<BTreeMap<String, Arc<ClientConfig>>>>,
}

/// Why a PEM file cannot be used.
#[derive(Debug)]
pub struct AuthorityError(String);

impl std::fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AuthorityError {}

impl TrustAnchors {
    /// RDS's roots, and the certificates of a PEM file if there is one.
    ///
    /// # Errors
    /// If the PEM holds no certificate, or one that cannot be an authority's.
    pub fn new(extra: Option<&[u8]>) -> Result<Self, AuthorityError> {
        if extra.map(authorities).transpose()?.is_some_and(|own| own.is_empty()) {
            return Err(AuthorityError("it holds no certificate".into()));
        }
        Ok(Self { extra: extra.unwrap_or_default().to_vec(), clients: Arc::default() })
    }

    /// The authorities that can certify this host, in PEM: for the driver of MySQL, which has the public ones built in.
    pub(crate) fn pem(&self, host: &str) -> Vec<u8> {
        [roots::for_host(host).as_bytes(), b"\n", &self.extra].concat()
    }

    fn client(&self, host: &str) -> Result<Arc<ClientConfig>, AuthorityError> {
        let region = roots::region_of(host).unwrap_or_default();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(client(self.roots(host)?)?);
        clients.insert(region.to_owned(), Arc::clone(&client));
        Ok(client)
    }

    /// For how much longer this chain, which is trusted now, would be. The certificate that expires first decides.
    pub(crate) fn valid_for(&self, endpoint: &Endpoint, chain: &[CertificateDer<'_>]) -> Option<Duration> {
        let (own, others) = chain.split_first()?;
        let name = ServerName::try_from(endpoint.host.as_str()).ok()?;
        let roots = Arc::new(self.roots(&endpoint.host).ok()?);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots, Arc::new(default_provider())).build();
        let now = UnixTime::now();
        // Checked as of a time at which nothing is valid any more: the error names the end. No certificate of today's is valid
        // for a hundred years.
        let then = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + FOR_EVER);
        match verifier.ok()?.verify_server_cert(own, others, &name, &[], then) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after, ..
            })) => Some(Duration::from_secs(not_after.as_secs().saturating_sub(now.as_secs()))),
            Ok(_) | Err(_) => None,
        }
    }

    fn roots(&self, host: &str) -> Result<RootCertStore, AuthorityError> {
        let mut trusted = authorities(&self.pem(host))?;
        trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Ok(trusted)
    }

    /// Does the TLS handshake with the server, whose certificate has to be for its host name.
    ///
    /// # Errors
    /// Every failure: there is no fall-back to cleartext.
    pub(crate) async fn secure(
        &self,
        socket: TcpStream,
        endpoint: &Endpoint,
    ) -> Result<TlsStream<TcpStream>, CallError> {
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| {
            let what = format!("{} is no name that a certificate can hold", endpoint.host);
            CallError::failed(Cause::TlsWrongName, what)
        })?;
        let client = self.client(&endpoint.host).map_err(|error| {
            CallError::failed(Cause::TlsFailed, format!("no TLS with {endpoint} ({error})"))
        })?;
        let connector = TlsConnector::from(client);
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
    // The curve of PostgreSQL's default (`ssl_ecdh_curve`, up to 17) comes first: another would cost a round trip.
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
