//! A certificate authority, created anew for every process, and the certificates that a client must refuse.

use std::ops::Range;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;

/// The certificate of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For localhost and 127.0.0.1, from [`pem`]'s authority.
    #[default]
    Good,
    /// From [`pem`]'s authority, for `elsewhere.example`.
    WrongName,
    /// Like [`Certificate::Good`], but expired at the start of 2021.
    Expired,
    /// Like [`Certificate::Good`], but valid for ten more days.
    ExpiresSoon,
    /// Like [`Certificate::Good`], but valid only from 2099.
    NotYetValid,
    /// Like [`Certificate::Good`], but from an authority that clients do not trust.
    Foreign,
    /// None: the server has no TLS.
    None,
}

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::new("rotation testbed"));
static FOREIGN: LazyLock<Authority> = LazyLock::new(|| Authority::new("untrusted"));

/// The authority that clients trust, in PEM.
#[must_use]
pub fn pem() -> &'static str {
    &OURS.certificate
}

impl Certificate {
    /// `None` if the server has no TLS.
    pub(crate) fn issue(self) -> Option<Identity> {
        match self {
            // Tests put a replica of the same server at 127.0.0.2.
            Self::Good => Some(OURS.issue(&["localhost", "127.0.0.1", "127.0.0.2"], 2020..2100)),
            Self::WrongName => Some(OURS.issue(&["elsewhere.example"], 2020..2100)),
            Self::Expired => Some(OURS.issue(&["localhost", "127.0.0.1"], 2020..2021)),
            Self::ExpiresSoon => Some(OURS.issue_for_ten_days(&["localhost", "127.0.0.1"])),
            Self::NotYetValid => Some(OURS.issue(&["localhost", "127.0.0.1"], 2099..2100)),
            Self::Foreign => Some(FOREIGN.issue(&["localhost", "127.0.0.1"], 2020..2100)),
            Self::None => None,
        }
    }

    /// A TLS acceptor with this certificate.
    pub fn acceptor(self) -> TlsAcceptor {
        let identity = self.issue().expect("a certificate with TLS");
        let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.expect("a certificate")], key);
        TlsAcceptor::from(Arc::new(config.expect("the key of the certificate")))
    }
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a new key");
        let mut params = params(&[], 2020..2100);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("a certificate signed by its own key").pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, names: &[&str], years: Range<i32>) -> Identity {
        self.sign(params(names, years))
    }

    fn issue_for_ten_days(&self, names: &[&str]) -> Identity {
        let mut params = params(names, 2020..2100);
        params.not_after = (SystemTime::now() + Duration::from_secs(10 * 24 * 60 * 60)).into();
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a new key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a signed certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// Valid from the beginning of the first year to that of the last.
fn params(names: &[&str], years: Range<i32>) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).expect("names that a certificate can hold");
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
    params
}
