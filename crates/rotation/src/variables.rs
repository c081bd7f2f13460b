//! The settings of AWS's functions under their names, read from whatever holds variables: this crate knows no environment.

use std::str::FromStr;
use std::time::Duration;

use crate::{PasswordPolicy, PolicySettings};

/// What holds the variables: the value of a name, or `None`.
type Values<'a> = &'a dyn Fn(&str) -> Option<String>;

impl PasswordPolicy {
    /// Reads the policy from variables, each of which may be absent.
    ///
    /// # Errors
    /// Everything that is wrong, by the names of the variables, without their values.
    pub fn named(values: Values<'_>) -> Result<Self, Vec<String>> {
        let default = PolicySettings::default();
        let length = number(values, "PASSWORD_LENGTH");
        let settings = PolicySettings {
            length: length.clone().ok().flatten().unwrap_or(default.length),
            // Empty is a choice here: nothing excluded.
            exclude: values("EXCLUDE_CHARACTERS").unwrap_or(default.exclude),
            exclude_numbers: boolean(values, "EXCLUDE_NUMBERS").unwrap_or(default.exclude_numbers),
            exclude_punctuation: boolean(values, "EXCLUDE_PUNCTUATION")
                .unwrap_or(default.exclude_punctuation),
            exclude_uppercase: boolean(values, "EXCLUDE_UPPERCASE").unwrap_or(default.exclude_uppercase),
            exclude_lowercase: boolean(values, "EXCLUDE_LOWERCASE").unwrap_or(default.exclude_lowercase),
            require_each_type: boolean(values, "REQUIRE_EACH_INCLUDED_TYPE")
                .unwrap_or(default.require_each_type),
        };
        match (length, Self::new(&settings)) {
            (Ok(_), Ok(policy)) => Ok(policy),
            (length, policy) => {
                let policy = policy.err().map(|error| error.to_string());
                Err(length.err().into_iter().chain(policy).collect())
            }
        }
    }
}

/// Reads `USERNAME_CHARACTER_LIMIT`.
///
/// # Errors
/// If it is no whole number above 0.
pub fn username_limit(values: Values<'_>) -> Result<Option<usize>, String> {
    number(values, "USERNAME_CHARACTER_LIMIT")
}

/// Reads `OVERDUE_AFTER_HOURS`, a day unless set: Secrets Manager rotates within the day of `NextRotationDate`, in its window (User
/// Guide, "Rotation schedules").
///
/// # Errors
/// If it is no whole number from 1 to 720.
pub fn overdue_after(values: Values<'_>) -> Result<Duration, String> {
    let name = "OVERDUE_AFTER_HOURS";
    let wrong = || format!("{name} must be a whole number from 1 to 720");
    let hours = number(values, name).map_err(|_| wrong())?.unwrap_or(24);
    if hours > 720 { Err(wrong()) } else { Ok(Duration::from_secs(hours as u64 * 60 * 60)) }
}

/// An empty variable is one that is not set, as templates leave them.
fn set(values: Values<'_>, name: &str) -> Option<String> {
    values(name).filter(|value| !value.is_empty())
}

/// As AWS's functions read it: these four words are true, anything else is false.
fn boolean(values: Values<'_>, name: &str) -> Option<bool> {
    let is_true = |value: String| ["true", "1", "y", "yes"].contains(&value.to_ascii_lowercase().as_str());
    set(values, name).map(is_true)
}

fn number(values: Values<'_>, name: &str) -> Result<Option<usize>, String> {
    let Some(value) = set(values, name) else { return Ok(None) };
    let number = usize::from_str(&value).ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| format!("{name} must be a whole number above 0"))
}
