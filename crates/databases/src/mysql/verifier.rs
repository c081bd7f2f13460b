//! What MySQL and MariaDB store of a password: computed for MariaDB, and compared on both.
//!
//! MariaDB writes `SET PASSWORD` and `ALTER USER` into its general log unchanged, so it is sent the hash. MySQL writes `<secret>`
//! there instead, and is sent the password itself, because its hash is salted.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::TryRng;
use rand::rngs::SysRng;
use rotation::{CallError, Cause, Password};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::grant_tables::Verifier;

/// The hash of `mysql_native_password`: `*` and SHA1(SHA1(password)) in 40 capital hexadecimal digits (MariaDB
/// documentation, "Authentication Plugin - `mysql_native_password`").
pub(super) fn native(password: &Password) -> Zeroizing<String> {
    let once = Sha1::digest(password.expose().as_bytes());
    let hash = Sha1::digest(once).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    Zeroizing::new(format!("*{hash}"))
}

/// What the server stores of a password for an authentication plugin: one of `account_state::method`. The salt is printable, so that
/// the statement that has it may be printed; 20 characters of 64 have 120 bits.
///
/// # Errors
/// If the system has no entropy for a salt.
pub(super) fn salted(method: &str, password: &Password) -> Result<Zeroizing<String>, CallError> {
    if method == "mysql_native_password" {
        return Ok(native(password));
    }
    let mut salt = [0; SALT];
    SysRng.try_fill_bytes(&mut salt).map_err(|error| {
        CallError::failed(
            Cause::QueryFailed,
            format!("cannot compute the verifier of the password ({error})"),
        )
    })?;
    let salt: String = salt.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect();
    // Both plugins begin with 5000 rounds.
    let digest = sha256_crypt(password.expose().as_bytes(), salt.as_bytes(), SHA256_ROUNDS);
    Ok(Zeroizing::new(match method {
        "sha256_password" => format!("$5${salt}${}", *digest),
        _ => format!("$A$005${salt}{}", *digest),
    }))
}

/// Whether a stored verifier is that of one of these passwords; false if its form is not known here.
///
/// Needs no sign-in, so nothing counts towards a lock. Computed on another thread, so that the caller's time limits apply: 10,000
/// rounds, the default of MySQL 9.7, take about 5 ms of a whole processor.
pub(super) async fn is_of_any(verifier: &Verifier, passwords: &[Password]) -> bool {
    let (verifier, passwords) = (verifier.clone(), passwords.to_vec());
    let compared = tokio::task::spawn_blocking(move || {
        let possible = |password: &&Password| password.expose().len() <= LONGEST;
        let mut passwords = passwords.iter().filter(possible);
        Form::of(&verifier.0).is_some_and(|form| passwords.any(|password| form.is_of(password)))
    });
    compared.await.unwrap_or(false)
}

/// The same of one password; `None` if the verifier's form is not known here.
pub(super) async fn is_of(verifier: &Verifier, password: &Password) -> Option<bool> {
    Form::of(&verifier.0)?;
    Some(is_of_any(verifier, std::slice::from_ref(password)).await)
}

/// How a password is stored.
enum Form<'a> {
    /// No password is stored: no password that a secret could hold signs in.
    Nothing,
    /// `*` and 40 hexadecimal digits.
    Native(&'a [u8]),
    /// `$A$` of `caching_sha2_password` and `$5$` of `sha256_password`: SHA-256 crypt with a salt of 20 bytes.
    Sha256Crypt(Salted<'a>),
    /// `$B$` of `caching_sha2_password`, from MySQL 9.7 on (`caching_sha2_password_storage_format`): PBKDF2 with SHA-512.
    Pbkdf2(Salted<'a>),
}

struct Salted<'a> {
    rounds: u32,
    salt: &'a [u8],
    digest: &'a [u8],
}

/// The longest password of MySQL, in bytes; the computation grows with its square.
const LONGEST: usize = 256;
/// The length of a salt.
const SALT: usize = 20;
/// The rounds of `sha256_password`, which does not store their number.
const SHA256_ROUNDS: u32 = 5000;
/// The most rounds that MySQL accepts (`caching_sha2_password_digest_rounds`): two seconds of a whole processor.
const MOST_ROUNDS: u32 = 4_095_000;

impl<'a> Form<'a> {
    /// Each form was tried on 9.7.4, the first also on MariaDB 10.11.18 and 11.8.9.
    fn of(stored: &'a [u8]) -> Option<Self> {
        match stored {
            [] => Some(Self::Nothing),
            [b'*', digits @ ..] if digits.len() == 40 => Some(Self::Native(stored)),
            [b'$', b'A', b'$', rest @ ..] => Salted::with_rounds(rest, 43).map(Self::Sha256Crypt),
            [b'$', b'B', b'$', rest @ ..] => Salted::with_rounds(rest, 88).map(Self::Pbkdf2),
            [b'$', b'5', b'$', rest @ ..] => {
                let (salt, digest) = rest.split_at_checked(SALT)?;
                let digest = digest.strip_prefix(b"$").filter(|digest| digest.len() == 43)?;
                Some(Self::Sha256Crypt(Salted { rounds: SHA256_ROUNDS, salt, digest }))
            }
            _ => None,
        }
    }

    fn is_of(&self, password: &Password) -> bool {
        match self {
            Self::Nothing => false,
            Self::Native(hash) => native(password).as_bytes() == *hash,
            Self::Sha256Crypt(Salted { rounds, salt, digest }) => {
                sha256_crypt(password.expose().as_bytes(), salt, *rounds).as_bytes() == *digest
            }
            Self::Pbkdf2(Salted { rounds, salt, digest }) => {
                let mut key = Zeroizing::new([0; 64]);
                pbkdf2::pbkdf2_hmac::<Sha512>(password.expose().as_bytes(), salt, *rounds, key.as_mut());
                BASE64_STANDARD.encode(*key).as_bytes() == *digest
            }
        }
    }
}

impl<'a> Salted<'a> {
    /// Three hexadecimal digits, of thousands of rounds, and a `$`; then the salt, which may hold any byte, and the digest.
    fn with_rounds(stored: &'a [u8], digest: usize) -> Option<Self> {
        let (thousands, rest) = stored.split_at_checked(3)?;
        let thousands = u32::from_str_radix(std::str::from_utf8(thousands).ok()?, 16).ok()?;
        let rounds = Some(thousands * 1000).filter(|rounds| (1000..=MOST_ROUNDS).contains(rounds))?;
        let (salt, rest) = rest.strip_prefix(b"$")?.split_at_checked(SALT)?;
        (rest.len() == digest).then_some(Self { rounds, salt, digest: rest })
    }
}

/// The digest of SHA-256 crypt in its own base 64 (Drepper, "Unix crypt using SHA-256 and SHA-512", steps 1 to 22). MySQL's
/// salts have 20 bytes; the standard, and the crates that follow it, cut them to 16.
fn sha256_crypt(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<String> {
    let alternate = Sha256::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut first = Sha256::new().chain_update(password).chain_update(salt);
    first.update(repeated(&alternate, password.len()));
    let mut length = password.len();
    while length > 0 {
        first.update(if length & 1 == 1 { &alternate[..] } else { password });
        length >>= 1;
    }
    let mut digest = first.finalize();
    let of_password = Sha256::digest(password.repeat(password.len()));
    let password = repeated(&of_password, password.len());
    let of_salt = Sha256::digest(salt.repeat(16 + usize::from(digest[0])));
    let salt = repeated(&of_salt, salt.len());
    for round in 0..rounds {
        let mut next = Sha256::new();
        next.update(if round & 1 == 1 { &password[..] } else { &digest[..] });
        if round % 3 != 0 {
            next.update(&*salt);
        }
        if round % 7 != 0 {
            next.update(&*password);
        }
        next.update(if round & 1 == 1 { &digest[..] } else { &password[..] });
        digest = next.finalize();
    }
    encoded(&digest)
}

/// A digest repeated up to a length.
fn repeated(digest: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(digest.iter().copied().cycle().take(length).collect())
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Encodes each three bytes, which are taken from three places of the digest, as four characters.
fn encoded(digest: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(43));
    let mut add = |bytes: [u8; 3], characters: usize| {
        let mut number = bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        for _ in 0..characters {
            text.push(char::from(ALPHABET[number % 64]));
            number /= 64;
        }
    };
    let (mut one, mut two, mut three) = (0, 10, 20);
    for _ in 0..10 {
        add([digest[one], digest[two], digest[three]], 4);
        (one, two, three) = ((one + 21) % 30, (two + 21) % 30, (three + 21) % 30);
    }
    add([0, digest[31], digest[30]], 3);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of `SELECT PASSWORD('test')`.
    #[test]
    fn the_hash_is_the_servers() {
        let hash = native(&Password::new("test".into()));
        assert_eq!(*hash, "*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29");
    }

    /// Stored by servers: the first by MariaDB 11.8.9, the others by MySQL 9.7.4.
    const STORED: [(&str, &[u8]); 4] = [
        ("test", b"*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29"),
        ("hunter2-\u{20ac}", b"$A$00A$Gv]q<\x10i7\x11\nu9\x15\nyE{<%mzBTzDkADpbrVcOt1Q/R/0YK1Ta0kUS.uzXR9yWk6QL9"),
        ("hunter2", b"$5$k\x11HdK`7|4o\x16\x13\x1drr\x16wO;m$K.DdHBUrUlK9Mjuwa4betvkn/fBW0JdjhFXLE16q7S3"),
        (
            "hunter2",
            b"$B$00A$S?sV\tv\t\n{4\x01\x13i\x13?\x12J|ho/UPYhI67HqNspIEMrr7xb7SCzt30v0KW8pSVsN11xh1EXS9Iw6H65n6NssYrVRyKyALIu1pyz87c7qvX2fkovQ==",
        ),
    ];

    #[tokio::test]
    async fn a_verifier_matches_its_password_and_no_other() {
        for (password, stored) in STORED {
            let verifier = Verifier(Zeroizing::new(stored.to_vec()));
            let others = ["hunter", "hunter22", ""].map(|other| Password::new(other.into()));
            assert!(!is_of_any(&verifier, &others).await, "{verifier:?}");
            let all = [&others[..], &[Password::new(password.into())]].concat();
            assert!(is_of_any(&verifier, &all).await, "{password}");
            assert!(!is_of_any(&verifier, &[]).await);
        }
    }

    #[tokio::test]
    async fn a_verifier_of_ours_matches_its_password_and_no_other_and_is_printable() {
        let ours = Password::new("hunter2-\u{20ac}".into());
        for (method, length) in
            [("caching_sha2_password", 70), ("sha256_password", 67), ("mysql_native_password", 41)]
        {
            let stored = salted(method, &ours).expect("entropy");
            assert!(stored.len() == length && stored.chars().all(|c| c.is_ascii_graphic()), "{method}");
            let verifier = Verifier(Zeroizing::new(stored.as_bytes().to_vec()));
            assert!(is_of_any(&verifier, std::slice::from_ref(&ours)).await, "{method}");
            assert!(!is_of_any(&verifier, &[Password::new("hunter2".into())]).await, "{method}");
        }
    }

    #[tokio::test]
    async fn an_empty_verifier_and_an_unknown_form_match_no_password() {
        let any = [Password::new("hunter2".into())];
        let of = |stored: &[u8]| Verifier(Zeroizing::new(stored.to_vec()));
        assert!(!is_of_any(&of(b""), &any).await);
        let (_, crypt) = STORED[1];
        for stored in [&b"$C$00A$"[..], b"*12", b"invalid", &crypt[..crypt.len() - 1], b"$A$FFF$", b"$A$000$"]
        {
            assert!(!is_of_any(&of(stored), &any).await, "{stored:?}");
        }
    }

    /// Drepper's first test vector, whose salt has ten bytes.
    #[test]
    fn the_digest_is_that_of_the_specification() {
        let digest = sha256_crypt(b"Hello world!", b"saltstring", 5000);
        assert_eq!(*digest, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
    }
}
