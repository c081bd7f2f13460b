//! What PostgreSQL stores of a password, computed here: the server never sees the plain text, so neither
//! does its log (`log_statement = ddl` writes ALTER ROLE verbatim).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use rand::TryRng;
use rand::rngs::SysRng;
use rotation::{CallError, Cause, Password, Username};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::errors::refused;

/// The settings by which a server stores passwords.
#[derive(Debug)]
pub(super) struct Storage {
    /// `password_encryption`.
    pub(super) method: String,
    /// `scram_iterations`.
    pub(super) iterations: u32,
}

/// The form of a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// RFC 5802, with this many iterations (`scram_iterations`, PostgreSQL 16 and later; 4096 before).
    ScramSha256 {
        /// At least 1.
        iterations: u32,
    },
    /// The default before PostgreSQL 14.
    Md5,
}

impl Method {
    /// Reads `password_encryption`, whose old spellings of md5 are those of a boolean; `scram` is the method of that name.
    ///
    /// # Errors
    /// If no version from 13 to 18 knows the value: a guess could store the plain text.
    pub(super) fn of(setting: &str, scram: Self) -> Result<Self, CallError> {
        match setting {
            "scram-sha-256" => Ok(scram),
            "md5" | "on" | "true" | "yes" | "1" => Ok(Self::Md5),
            _ => Err(CallError::failed(
                Cause::QueryFailed,
                format!("password_encryption is {setting}, which this function does not know"),
            )),
        }
    }
}

/// The most iterations that are computed: about a second of a whole processor, and several in a small function; each sign-in of
/// the user costs the same. A role may set any number for itself.
const MOST_ITERATIONS: u32 = 1_000_000;

/// The verifier of a password; wiped on drop. Computed on another thread, so that the caller's time limits apply.
///
/// # Errors
/// Refuses more than a million iterations, and a password with which the driver could not sign in. Fails if the system has no
/// entropy for a salt.
pub(super) async fn verifier(
    method: Method,
    user: &Username,
    password: &Password,
) -> Result<Zeroizing<String>, CallError> {
    let iterations = match method {
        Method::Md5 => return Ok(md5(user, password)),
        Method::ScramSha256 { iterations } => iterations,
    };
    if iterations > MOST_ITERATIONS {
        return Err(refused(
            format!("scram_iterations is {iterations}, more than a function has time for"),
            format!("set it to at most {MOST_ITERATIONS} for the server, the database or the role"),
        ));
    }
    if !can_sign_in(password) {
        return Err(refused(
            format!("the driver cannot sign in with the next password of {user} (SASLprep, RFC 4013)"),
            "remove AWSPENDING from the version and rotate again, which makes another password",
        ));
    }
    let no_salt = |why: String| {
        CallError::failed(Cause::QueryFailed, format!("cannot compute the verifier of the password ({why})"))
    };
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| no_salt(error.to_string()))?;
    let password = password.clone();
    let computed = tokio::task::spawn_blocking(move || scram_sha_256(&password, &salt, iterations)).await;
    computed.map_err(|error| no_salt(error.to_string()))
}

/// Whether the driver can prepare the password (SASLprep), and something is left of it. The server and libpq take a password that
/// SASLprep rejects as it is.
fn can_sign_in(password: &Password) -> bool {
    stringprep::saslprep(password.expose()).is_ok_and(|prepared| !prepared.is_empty())
}

/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (PostgreSQL documentation, `pg_authid`).
fn scram_sha_256(password: &Password, salt: &[u8], iterations: u32) -> Zeroizing<String> {
    // As the server does: a password that SASLprep rejects is taken as it is.
    let prepared = stringprep::saslprep(password.expose()).unwrap_or_else(|_| password.expose().into());
    let mut salted = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(prepared.as_bytes(), salt, iterations, salted.as_mut());
    let stored = Sha256::digest(keyed(&salted, b"Client Key"));
    let server = keyed(&salted, b"Server Key");
    let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    Zeroizing::new(format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        encode(salt),
        encode(&stored),
        encode(&server)
    ))
}

fn keyed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // `Key` of HMAC-SHA-256 is a block; a shorter key is padded with zeros (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// `md5` and the hexadecimal digest of password and user name.
fn md5(user: &Username, password: &Password) -> Zeroizing<String> {
    let digest = Md5::new().chain_update(password.expose()).chain_update(&user.0).finalize();
    let mut text = Zeroizing::new(String::with_capacity(35));
    text.push_str("md5");
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password() -> Password {
        Password::new("pencil".into())
    }

    /// The password, salt and iterations of RFC 7677, section 3; the keys from its client and server proofs.
    #[test]
    fn the_scram_verifier_is_the_one_of_the_rfc() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let verifier = scram_sha_256(&password(), &salt, 4096);
        assert_eq!(
            verifier.as_str(),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    /// `SELECT 'md5' || md5('pencil' || 'user')`
    #[test]
    fn the_md5_verifier_is_postgresqls() {
        let verifier = md5(&Username("user".into()), &password());
        assert_eq!(verifier.as_str(), "md520c46e3762c864548e296b33c3406aa9");
    }

    #[test]
    fn an_unknown_method_is_refused() {
        let scram = Method::ScramSha256 { iterations: 8192 };
        assert_eq!(Method::of("scram-sha-256", scram).ok(), Some(scram));
        assert_eq!(Method::of("on", scram).ok(), Some(Method::Md5));
        assert!(Method::of("scram-sha-512", scram).is_err());
    }
}
