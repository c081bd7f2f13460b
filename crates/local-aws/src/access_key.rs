use std::fmt;

use rand::RngExt;
use subtle::ConstantTimeEq;

/// The access key id that every request must carry, in the `Credential=` of Signature Version 4.
///
/// It alone authenticates the caller. (AWS treats an access key id as public and verifies the signature; local-aws does
/// not.) So neither a `Debug` form nor the JSON log of calls shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessKey(String);

impl AccessKey {
    /// A random key: 128 bits of the operating system's entropy.
    ///
    /// # Panics
    /// If the system has no entropy.
    pub fn random() -> Self {
        AccessKey(format!("LOCAL{:032X}", crate::entropy::entropy().random::<u128>()))
    }

    /// A chosen key of 1 to 128 ASCII letters, digits and underscores; `None` for any other text. A key that can be
    /// guessed protects nothing.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ((1..=128).contains(&text.len()) && text.chars().all(allowed)).then(|| AccessKey(text.to_owned()))
    }

    /// The key as a client sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key that equals this text. The time that this takes depends only on the lengths of the texts, not on how much
    /// of them agrees.
    pub(crate) fn find<'a>(keys: &'a [AccessKey], text: &str) -> Option<&'a AccessKey> {
        let mut found = None;
        for key in keys {
            if bool::from(key.0.as_bytes().ct_eq(text.as_bytes())) {
                found = Some(key);
            }
        }
        found
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_key_has_128_bits_and_the_form_of_an_access_key_id() {
        let key = AccessKey::random();
        let digits = key.expose().strip_prefix("LOCAL").expect("the prefix");
        assert!(digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{digits}");
        assert_ne!(key, AccessKey::random());
        assert_eq!(AccessKey::new(key.expose()), Some(key));
    }

    #[test]
    fn a_chosen_key_that_would_break_the_credential_is_refused() {
        for refused in ["", "a/b", "a b", "a,b", "a\n", "ä", "a=", &"a".repeat(129)] {
            assert_eq!(AccessKey::new(refused), None, "{refused:?}");
        }
        assert_eq!(format!("{:?}", AccessKey::new("AKIDEXAMPLE")), "Some(AccessKey(_))");
    }
}
