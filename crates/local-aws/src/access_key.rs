use std::fmt;

use rand::RngExt;
use subtle::ConstantTimeEq;

/// The access key id that a request must carry to be answered, in the `Credential=` of Signature Version 4.
///
/// Here it is the whole proof of who calls: AWS takes an access key id for public and verifies the signature, which
/// local-aws does not. So it is neither in a `Debug` form nor in the log of calls as JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessKey(String);

impl AccessKey {
    /// A key of 128 bits of the operating system's entropy.
    ///
    /// # Panics
    /// If the system has no entropy.
    pub fn random() -> Self {
        AccessKey(format!("LOCAL{:032X}", crate::entropy().random::<u128>()))
    }

    /// A chosen key: 1 to 128 ASCII letters, digits and underscores, or `None`. A key that can be guessed protects
    /// nothing.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ((1..=128).contains(&text.len()) && text.chars().all(allowed)).then(|| AccessKey(text.to_owned()))
    }

    /// The key as a client sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Which of these keys the text is. The time that this takes depends on the lengths only, not on what the texts
    /// have in common.
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
    fn a_key_is_found_only_by_its_whole_text() {
        let keys = [AccessKey::random(), AccessKey::random()];
        let second = keys[1].expose();
        assert_eq!(AccessKey::find(&keys, second), Some(&keys[1]));
        let changed = format!("{}_", &second[..second.len() - 1]);
        for other in ["", &second[1..], &second[..second.len() - 1], &format!("{second}0"), &changed] {
            assert_eq!(AccessKey::find(&keys, other), None, "{other}");
        }
        assert_eq!(AccessKey::find(&[], ""), None);
    }

    #[test]
    fn a_random_key_has_128_bits_and_the_form_of_an_access_key_id() {
        let key = AccessKey::random();
        let digits = key.expose().strip_prefix("LOCAL").expect("the prefix");
        assert!(digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{digits}");
        assert_ne!(key, AccessKey::random());
        assert_eq!(AccessKey::new(key.expose()), Some(key));
    }

    #[test]
    fn a_chosen_key_fits_into_a_credential() {
        for refused in ["", "a/b", "a b", "a,b", "a\n", "ä", "a=", &"a".repeat(129)] {
            assert_eq!(AccessKey::new(refused), None, "{refused:?}");
        }
        assert_eq!(format!("{:?}", AccessKey::new("AKIDEXAMPLE")), "Some(AccessKey(_))");
    }
}
