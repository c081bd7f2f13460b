//! New passwords: the rules of AWS's rotation functions, drawn from the operating system's entropy.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::seq::IndexedRandom;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Password;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
/// The punctuation of `GetRandomPassword` (Secrets Manager API reference).
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// What is left out unless `EXCLUDE_CHARACTERS` says otherwise: RDS refuses / @ " and space, the rest
/// breaks connection strings.
const EXCLUDED: &str = "/@\"'\\: ";

/// What a new password is made of: the settings of AWS's functions, under their names.
#[derive(Debug, Clone)]
pub struct PasswordPolicy {
    length: usize,
    /// One set of characters for each included type; none is empty.
    types: Vec<Vec<char>>,
    require_each_type: bool,
}

/// The settings that a policy is made from; the defaults are AWS's.
#[derive(Debug, Clone)]
pub struct PolicySettings {
    /// `PASSWORD_LENGTH`: 8 to 256 characters.
    pub length: usize,
    /// `EXCLUDE_CHARACTERS`.
    pub exclude: String,
    /// `EXCLUDE_NUMBERS`.
    pub exclude_numbers: bool,
    /// `EXCLUDE_PUNCTUATION`.
    pub exclude_punctuation: bool,
    /// `EXCLUDE_UPPERCASE`.
    pub exclude_uppercase: bool,
    /// `EXCLUDE_LOWERCASE`.
    pub exclude_lowercase: bool,
    /// `REQUIRE_EACH_INCLUDED_TYPE`.
    pub require_each_type: bool,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self {
            length: 32,
            exclude: EXCLUDED.into(),
            exclude_numbers: false,
            exclude_punctuation: false,
            exclude_uppercase: false,
            exclude_lowercase: false,
            require_each_type: true,
        }
    }
}

/// Why settings make no policy.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PolicyError {
    /// The engines take no more than 256; fewer than 8 are guessed.
    #[error("PASSWORD_LENGTH must be from 8 to 256")]
    Length,
    /// `EXCLUDE_CHARACTERS` removes a whole type that `REQUIRE_EACH_INCLUDED_TYPE` demands.
    #[error(
        "EXCLUDE_CHARACTERS removes all {0}, of which REQUIRE_EACH_INCLUDED_TYPE demands one; set the matching EXCLUDE_ setting"
    )]
    TypeIsEmpty(&'static str),
    /// Fewer than ten different characters remain.
    #[error("the EXCLUDE_ settings leave {0} characters to choose from; at least 10 are needed")]
    TooFew(usize),
}

impl PasswordPolicy {
    /// Checks settings.
    ///
    /// # Errors
    /// [`PolicyError`] where no password, or only a weak one, would meet them.
    pub fn new(settings: &PolicySettings) -> Result<Self, PolicyError> {
        if !(8..=256).contains(&settings.length) {
            return Err(PolicyError::Length);
        }
        let types = [
            ("lower-case letters", LOWERCASE, settings.exclude_lowercase),
            ("upper-case letters", UPPERCASE, settings.exclude_uppercase),
            ("numbers", NUMBERS, settings.exclude_numbers),
            ("punctuation", PUNCTUATION, settings.exclude_punctuation),
        ];
        let mut included = Vec::new();
        for (name, characters, excluded) in types {
            let left: Vec<char> = characters.chars().filter(|c| !settings.exclude.contains(*c)).collect();
            match (excluded, left.is_empty()) {
                (true, _) => {}
                (false, false) => included.push(left),
                (false, true) if settings.require_each_type => return Err(PolicyError::TypeIsEmpty(name)),
                (false, true) => {}
            }
        }
        let left = included.iter().map(Vec::len).sum();
        if left < 10 {
            return Err(PolicyError::TooFew(left));
        }
        Ok(Self { length: settings.length, types: included, require_each_type: settings.require_each_type })
    }

    /// How many characters a password has.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Draws a password. Each that meets the policy is as likely as any other.
    #[must_use]
    pub fn generate(&self) -> Password {
        let all = self.types.concat();
        // Panics where the system has no entropy: no password is better than a guessable one.
        let mut entropy = UnwrapErr(SysRng);
        loop {
            // ASCII only: the capacity is exact, so no copy is left behind by growing.
            let mut drawn = Zeroizing::new(String::with_capacity(self.length));
            drawn.extend((0..self.length).filter_map(|_| all.choose(&mut entropy)));
            let has = |set: &Vec<char>| drawn.contains(set.as_slice());
            if !self.require_each_type || self.types.iter().all(has) {
                return Password::new(std::mem::take(&mut *drawn));
            }
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        let set = |characters: &str| characters.chars().filter(|c| !EXCLUDED.contains(*c)).collect();
        let types = [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION].map(set).to_vec();
        Self { length: 32, types, require_each_type: true }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> PolicySettings {
        PolicySettings::default()
    }

    proptest! {
        #[test]
        fn every_password_meets_its_policy(
            length in 8_usize..=256,
            exclude in "[a-y/@!#A-Y0-8]{0,30}",
            each in any::<bool>(),
            numbers in any::<bool>(),
            punctuation in any::<bool>(),
        ) {
            let settings = PolicySettings {
                length, exclude: exclude.clone(), require_each_type: each,
                exclude_numbers: numbers, exclude_punctuation: punctuation, ..settings()
            };
            let password = PasswordPolicy::new(&settings).expect("a policy").generate();
            let password = password.expose();
            prop_assert_eq!(password.len(), length);
            prop_assert!(!password.contains(|c| exclude.contains(c)));
            prop_assert!(!numbers || !password.contains(|c: char| c.is_ascii_digit()));
            prop_assert!(!punctuation || !password.contains(|c: char| c.is_ascii_punctuation()));
            if each {
                prop_assert!(password.contains(|c: char| c.is_ascii_lowercase()));
                prop_assert!(password.contains(|c: char| c.is_ascii_uppercase()));
                prop_assert!(numbers || password.contains(|c: char| c.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn settings_that_make_no_password_or_a_weak_one_are_refused() {
        let new = |settings: PolicySettings| PasswordPolicy::new(&settings).map(|_| ());
        assert_eq!(new(PolicySettings { length: 7, ..settings() }), Err(PolicyError::Length));
        assert_eq!(new(PolicySettings { length: 257, ..settings() }), Err(PolicyError::Length));
        let no_numbers = PolicySettings { exclude: NUMBERS.into(), ..settings() };
        assert_eq!(new(no_numbers.clone()), Err(PolicyError::TypeIsEmpty("numbers")));
        assert_eq!(new(PolicySettings { require_each_type: false, ..no_numbers }), Ok(()));
        let digits = PolicySettings {
            exclude: "0".into(),
            exclude_lowercase: true,
            exclude_uppercase: true,
            exclude_punctuation: true,
            ..settings()
        };
        assert_eq!(new(digits), Err(PolicyError::TooFew(9)));
    }

    #[test]
    fn the_default_is_what_the_settings_make_by_default() {
        let made = PasswordPolicy::new(&settings()).expect("a policy");
        assert_eq!(format!("{made:?}"), format!("{:?}", PasswordPolicy::default()));
    }

    #[test]
    fn two_passwords_differ() {
        let policy = PasswordPolicy::default();
        assert_ne!(policy.generate().expose(), policy.generate().expose());
    }
}
