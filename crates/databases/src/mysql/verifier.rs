//! What MariaDB stores of a password.
//!
//! MariaDB writes `SET PASSWORD` and `ALTER USER` into its general log as they come; so they come with the hash.
//! MySQL writes `<secret>` there instead, and gets the password itself: its hash is salted.

use rotation::Password;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// The hash of `mysql_native_password`: `*` and SHA1(SHA1(password)) in 40 capital hexadecimal digits (MariaDB
/// documentation, "Authentication Plugin - `mysql_native_password`").
pub(super) fn native(password: &Password) -> Zeroizing<String> {
    let once = Sha1::digest(password.expose().as_bytes());
    let hash = Sha1::digest(once).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    Zeroizing::new(format!("*{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `SELECT PASSWORD('test')` answers.
    #[test]
    fn the_hash_is_the_servers() {
        let hash = native(&Password::new("test".into()));
        assert_eq!(*hash, "*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29");
    }
}
