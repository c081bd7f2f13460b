//! Who may vouch for AWS's APIs: Amazon's own roots, compiled in, or those of a PEM file.

use std::fmt;

use aws_smithy_http_client::tls::TrustStore;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// `roots/README.md` says where they are from.
const AMAZON: &str = include_str!("../roots/amazon.pem");

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Certificates of authorities, each in PEM. By default those of Amazon Trust Services.
#[derive(Debug, Clone)]
pub struct Authorities(Vec<String>);

impl Default for Authorities {
    fn default() -> Self {
        Self(sections(AMAZON).map(ToOwned::to_owned).collect())
    }
}

/// A file names no authority.
#[derive(Debug)]
pub struct NoAuthority;

impl fmt::Display for NoAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it holds no certificate (PEM) that can be an authority's")
    }
}

impl std::error::Error for NoAuthority {}

impl Authorities {
    /// The authorities of a PEM file. As in every system's list there may be some that cannot be read: they are left out.
    ///
    /// # Errors
    /// Where none is left.
    pub fn from_pem(pem: &[u8]) -> Result<Self, NoAuthority> {
        let text = String::from_utf8_lossy(pem);
        let readable: Vec<String> =
            sections(&text).filter(|section| is_readable(section)).map(ToOwned::to_owned).collect();
        if readable.is_empty() { Err(NoAuthority) } else { Ok(Self(readable)) }
    }

    /// For the SDK's HTTP client, which panics at what it cannot read.
    pub(crate) fn store(self) -> TrustStore {
        self.0.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate)
    }
}

/// The certificates of a text, as they stand in it.
fn sections(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(BEGIN).filter_map(|(start, _)| {
        let section = &text[start..];
        section.find(END).map(|end| &section[..end + END.len()])
    })
}

fn is_readable(section: &str) -> bool {
    let certificate = CertificateDer::from_pem_slice(section.as_bytes());
    certificate.is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mozilla's list, as another package has it, knows each by this name and key.
    #[test]
    fn amazons_roots_are_among_the_public_ones() {
        let Authorities(sections) = Authorities::default();
        assert_eq!(sections.len(), 5);
        for section in &sections {
            let certificate = CertificateDer::from_pem_slice(section.as_bytes()).expect("PEM");
            let mut store = RootCertStore::empty();
            store.add(certificate).expect("an authority");
            let ours = &store.roots[0];
            let known = |root: &&rustls::pki_types::TrustAnchor<'_>| {
                root.subject == ours.subject && root.subject_public_key_info == ours.subject_public_key_info
            };
            assert!(webpki_roots::TLS_SERVER_ROOTS.iter().find(known).is_some(), "{section}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_nothing_is_refused() {
        let broken = format!("{BEGIN}\nAAAA\n{END}\n");
        let not_base64 = format!("{BEGIN}\n?\n{END}\n");
        let cut = AMAZON.trim_end().trim_end_matches(END);
        for (pem, left) in [
            (format!("{broken}{AMAZON}{not_base64}"), 5),
            (AMAZON.replace('\n', "\r\n"), 5),
            (cut.to_owned(), 4),
            (format!("\u{feff}{AMAZON}"), 5),
        ] {
            let Authorities(sections) = Authorities::from_pem(pem.as_bytes()).expect("authorities");
            assert_eq!(sections.len(), left);
        }
        for pem in ["", "hello", &broken, &not_base64, BEGIN] {
            assert!(Authorities::from_pem(pem.as_bytes()).is_err(), "{pem}");
        }
        assert!(Authorities::from_pem(&[0xff, 0xfe]).is_err());
    }
}
