//! Amazon RDS's own root certificates, compiled in: `roots/README.md` says where they are from, which regions they
//! cover and how to renew them.

/// One PEM certificate after another, each below a comment with its name and last day.
pub(crate) const RDS: &str = include_str!("../roots/rds.pem");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::RDS;

    const README: &str = include_str!("../roots/README.md");

    /// The comments' names, as "Amazon RDS eu-west-1 Root CA RSA2048 G1".
    fn names() -> Vec<&'static str> {
        let comments = RDS.lines().filter_map(|line| line.strip_prefix("# "));
        comments.filter_map(|comment| comment.split(',').next()).collect()
    }

    #[test]
    fn every_certificate_can_be_an_authority() {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(RDS.as_bytes()) {
            store.add(certificate.expect("PEM")).expect("an authority");
        }
        assert!(!store.is_empty());
        assert_eq!(store.len(), names().len());
        assert_eq!(store.len(), RDS.matches("-----BEGIN CERTIFICATE-----").count());
    }

    #[test]
    fn the_readme_names_the_regions_that_are_covered() {
        let names = names();
        let regions: BTreeSet<&str> = names.iter().filter_map(|name| name.split(' ').nth(2)).collect();
        let listed: Vec<&str> = regions.iter().copied().collect();
        assert!(README.contains(&format!("| covered | {} |", listed.join(" "))), "covered are {listed:?}");
        assert!(README.contains(&format!("\n{} roots of {} regions", names.len(), regions.len())));
    }
}
