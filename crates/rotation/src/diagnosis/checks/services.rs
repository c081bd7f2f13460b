//! How the function reaches AWS's own services: their names resolve, to a private address (a VPC endpoint) or a public one (a NAT
//! gateway).

use std::net::IpAddr;

use super::{Facts, Judgement};
use crate::diagnosis::Status;

/// The cause's own remedy is about the secret's host.
const RESOLVE: &str = "let the function's VPC resolve it (DNS support, private zones); if SECRETS_MANAGER_ENDPOINT, one of \
    AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SECRETS_MANAGER and AWS_ENDPOINT_URL_RDS, AWS_USE_FIPS_ENDPOINT or \
    AWS_USE_DUALSTACK_ENDPOINT is set, check that this endpoint exists in the region";

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Some(services) = &facts.services else {
        return Judgement::skipped("the names were not resolved before the time was over");
    };
    let mut seen = Vec::new();
    for service in services {
        match &service.addresses {
            Ok(addresses) => {
                let private = addresses.iter().all(is_private);
                let kind = if private { "private" } else { "public" };
                let shown = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                seen.push(format!("{} is {} ({kind}: {shown})", service.name, service.host));
            }
            Err(_) => {
                let seen = format!("{}: the name {} does not resolve", service.name, service.host);
                let judgement = Judgement::fail(seen, RESOLVE);
                // Most rotations ask RDS for nothing.
                let status = if service.is_always_called { Status::Fail } else { Status::Warn };
                return Judgement { status, ..judgement };
            }
        }
    }
    Judgement::pass(seen.join("; "))
}

/// Of a private network, or this machine (RFC 1918, RFC 4193).
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}
