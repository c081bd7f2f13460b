//! Amazon RDS's own root certificates, compiled in: `roots/README.md` says where they are from, which regions they
//! cover and how to renew them.

use std::borrow::Cow;

/// One PEM certificate after another, each below a comment with its name and last day.
const RDS: &str = include_str!("../roots/rds.pem");

/// How each comment begins; the region follows.
const COMMENT: &str = "# Amazon RDS ";

/// The roots that can certify a server at this host, in PEM. The certificate has to be for that name, and RDS's are for names in
/// RDS only, so any other host gets none. A host in RDS gets the three roots of its region, because parsing all of them would be
/// most of what a sign-in computes; it gets all if the region is unknown (`global`, for the endpoint of an Aurora global database).
pub(crate) fn for_host(host: &str) -> Cow<'static, str> {
    let Some(region) = region_of(host) else { return Cow::Borrowed("") };
    let named = format!("{COMMENT}{region} ");
    let mut found = String::new();
    let mut rest = RDS;
    while let Some(start) = rest.find(&named) {
        let root = &rest[start..];
        let end = root[COMMENT.len()..].find(COMMENT).map_or(root.len(), |end| end + COMMENT.len());
        found.push_str(&root[..end]);
        rest = &root[end..];
    }
    if found.is_empty() { Cow::Borrowed(RDS) } else { Cow::Owned(found) }
}

/// The region in the name of a server of RDS or Aurora, as `NAME.ID.REGION.rds.amazonaws.com`. `None` for China, where the
/// region comes after `rds`, and whose roots are not built in.
pub(crate) fn region_of(host: &str) -> Option<&str> {
    let suffix = ".rds.amazonaws.com";
    let host = host.strip_suffix('.').unwrap_or(host);
    let before = host.len().checked_sub(suffix.len())?;
    let is_rds = host.get(before..)?.eq_ignore_ascii_case(suffix);
    host.get(..before)?.rsplit('.').next().filter(|_| is_rds)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::{RDS, for_host, region_of};

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
    fn a_server_of_rds_has_its_regions_roots() {
        let region_in = |name: &str| name.split(' ').nth(2).expect("a region").to_owned();
        for region in names().into_iter().map(region_in) {
            let roots = for_host(&format!("shop.abc.{region}.rds.amazonaws.com"));
            let expected: Vec<&str> = names().into_iter().filter(|name| region_in(name) == region).collect();
            let found = CertificateDer::pem_slice_iter(roots.as_bytes()).filter(Result::is_ok).count();
            assert_eq!(found, expected.len(), "{region}");
            assert!(expected.iter().all(|name| roots.contains(name)), "{region}: {roots}");
        }
        for region in ["global", "eu-west", "ap-east-2"] {
            assert_eq!(for_host(&format!("shop.abc.{region}.rds.amazonaws.com")), RDS, "{region}");
        }
        for host in ["localhost", "db.example.com", "eu-west-1.rds.amazonaws.com.example.com", ""] {
            assert_eq!(for_host(host), "", "{host}");
        }
    }

    #[test]
    fn the_region_stands_before_rds() {
        for (host, region) in [
            ("shop.cluster-abc.eu-west-1.rds.amazonaws.com", Some("eu-west-1")),
            ("shop.abc.us-east-1.RDS.amazonaws.com", Some("us-east-1")),
            ("shop.abc.us-gov-west-1.rds.amazonaws.com.", Some("us-gov-west-1")),
            ("shop.abc.eu-west-1.rds.amazonaws.com..", None),
            ("shop.global-abc.global.rds.amazonaws.com", Some("global")),
            ("shop.abc.rds.cn-north-1.amazonaws.com.cn", None),
            ("db.example.com", None),
            ("ä.rds.amazonaws.com", Some("ä")),
            ("äääääääääääääääää", None),
            ("", None),
        ] {
            assert_eq!(region_of(host), region, "{host}");
        }
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
