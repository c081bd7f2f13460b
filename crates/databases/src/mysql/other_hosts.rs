//! Accounts of one name at several hosts. A user can change only its own account; an application that signs in by another one,
//! from elsewhere, could not sign in with AWSCURRENT any more.

use std::net::{IpAddr, Ipv4Addr};

use rotation::{Password, Refusal};

use super::account::Account;
use super::connection::Connection;
use super::errors::Failure;
use super::grant_tables::StoredAccount;
use super::processes::addresses_of;
use super::verifier;

/// Describes another account of this user's name that has the same password or is in use; `None` if the user sees none.
///
/// With SELECT on `mysql` it sees all of them. Otherwise it sees the sessions of its name (MySQL, MariaDB 10.11; MariaDB 11.8
/// shows only those of its own account; tried: 9.7.4, 10.11.18, 11.8.9): a session from an address that its account does not cover
/// is another account's.
pub(super) async fn seen(connection: &mut Connection, used: &Password) -> Option<String> {
    let own = connection.account.clone();
    // An error means that it may not read them.
    if let Ok(accounts) = StoredAccount::of(connection, &own.user).await {
        let ours = with_password(&accounts, std::slice::from_ref(used)).await;
        let others: Vec<_> = ours.iter().filter(|stored| stored.account != own).collect();
        let names = others.iter().map(|stored| stored.account.to_string()).collect::<Vec<_>>().join(", ");
        return (!others.is_empty())
            .then(|| format!("{names} has the same password as {own}, the only one that it can change"));
    }
    let addresses = addresses_of(connection, &own.user).await.ok()?;
    let elsewhere = addresses.into_iter().find(|address| !covers(own.host(), *address))?;
    Some(format!(
        "a session of {} comes from {elsewhere}, which {own}, the only account that it can change, does not cover",
        own.user
    ))
}

/// Refuses under dual password, which only the user itself can set.
pub(super) fn refusal(own: &Account, seen: &str) -> Refusal {
    Refusal::Database {
        what: format!("{own} would get another password than the user's account at another host ({seen})"),
        remedy: "rotate by alternating users, whose superuser sets the passwords at every host, or give the user one account \
                 for all of its hosts"
            .into(),
    }
}

/// The accounts that have one of these passwords.
pub(super) async fn with_password<'a>(
    accounts: &'a [StoredAccount],
    passwords: &[Password],
) -> Vec<&'a StoredAccount> {
    let mut found = Vec::new();
    for stored in accounts {
        if verifier::is_of_any(&stored.verifier, passwords).await {
            found.push(stored);
        }
    }
    found
}

/// These accounts in an order in which the one by which the user signs in from here is the first.
pub(super) async fn own_first<'a>(
    connection: &mut Connection,
    mut accounts: Vec<&'a StoredAccount>,
) -> Result<Vec<&'a StoredAccount>, Failure> {
    if accounts.len() > 1 {
        let here = connection.rows("SELECT SUBSTRING_INDEX(USER(), '@', -1)").await?.concat();
        accounts.sort_by_key(|stored| {
            let host = stored.account.host();
            let covers_here = match here.parse() {
                Ok(address) => covers(host, address),
                Err(_) => matches(host.as_bytes(), here.as_bytes()),
            };
            // The server takes the account whose host is more specific.
            (!covers_here, host.contains(['%', '_', '/']))
        });
    }
    Ok(accounts)
}

/// Whether an account at `host` covers this address: by `%` and `_`, or by a network (MySQL 8.4 Reference Manual, "Specifying
/// Account Names"). A form that is not known here is taken to cover it.
fn covers(host: &str, address: IpAddr) -> bool {
    if host.is_empty() {
        return true;
    }
    let Some((base, mask)) = host.split_once('/') else {
        return matches(host.as_bytes(), address.to_string().as_bytes());
    };
    let bits = mask.parse().ok().filter(|length| *length <= 32).map(|length: u32| match length {
        0 => 0,
        length => u32::MAX << (32 - length),
    });
    let mask = bits.or_else(|| mask.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits));
    match (address, base.parse::<Ipv4Addr>(), mask) {
        (IpAddr::V4(address), Ok(base), Some(mask)) => address.to_bits() & mask == base.to_bits(),
        _ => true,
    }
}

/// Matches as LIKE does; `\` escapes the next character.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'%', b'%', rest @ ..], _) => matches(&[b"%", rest].concat(), text),
        ([b'%', rest @ ..], _) => (0..=text.len()).any(|at| matches(rest, &text[at..])),
        ([b'_', pattern @ ..], [_, text @ ..]) => matches(pattern, text),
        ([b'\\', expected, pattern @ ..] | [expected, pattern @ ..], [found, text @ ..]) => {
            expected.eq_ignore_ascii_case(found) && matches(pattern, text)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_covers_the_addresses_that_its_host_names() {
        for (host, address, is_covered) in [
            ("%", "10.0.2.7", true),
            ("10.0.%", "10.0.2.7", true),
            ("10.0.1.%", "10.0.2.7", false),
            ("10.0._.7", "10.0.2.7", true),
            (r"10.0\_2.7", "10.0.2.7", false),
            ("10.0.2.7", "10.0.2.7", true),
            ("10.0.2.70", "10.0.2.7", false),
            ("", "10.0.2.7", true),
            ("%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%8", "10.0.2.7", false),
            ("localhost", "127.0.0.2", false),
            ("10.0.2.0/255.255.255.0", "10.0.2.7", true),
            ("10.0.1.0/255.255.255.0", "10.0.2.7", false),
            ("10.0.2.0/24", "10.0.2.7", true),
            ("10.0.1.0/24", "10.0.2.7", false),
            ("0.0.0.0/0", "10.0.2.7", true),
            ("fe80::/10", "fe80::1", true),
            ("FE80::%", "fe80::1", true),
            ("10.%", "fe80::1", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(covers(host, address), is_covered, "{host} and {address}");
        }
    }
}
