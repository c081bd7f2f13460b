use rand::RngExt;
use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::limits;
use crate::secrets::Refusal;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    password_length: i64,
    exclude_characters: String,
    exclude_numbers: bool,
    exclude_punctuation: bool,
    exclude_uppercase: bool,
    exclude_lowercase: bool,
    include_space: bool,
    require_each_included_type: bool,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            password_length: 32,
            exclude_characters: String::new(),
            exclude_numbers: false,
            exclude_punctuation: false,
            exclude_uppercase: false,
            exclude_lowercase: false,
            include_space: false,
            require_each_included_type: true,
        }
    }
}

/// A random password from the operating system's entropy.
pub(crate) fn respond(request: Request) -> Result<Json, Refusal> {
    let length = limits::up_to(4096, "passwordLength", Some(request.password_length))?;
    if request.exclude_characters.chars().count() > 4096 {
        return Err(Refusal::validation("excludeCharacters", "have length less than or equal to 4096"));
    }
    let kinds = kinds(&request);
    let mut all = kinds.concat();
    if request.include_space && !request.exclude_characters.contains(' ') {
        all.push(' ');
    }
    if all.is_empty() {
        return Err(Refusal::invalid_parameter("The request excludes every character."));
    }
    if request.require_each_included_type && kinds.len() > length {
        return Err(Refusal::invalid_parameter("Password length is too short based on the required types."));
    }
    let mut rng = crate::entropy::entropy();
    let mut one_of = |letters: &[char]| letters[rng.random_range(0..letters.len())];
    let mut password: Vec<char> = Vec::with_capacity(length);
    if request.require_each_included_type {
        password.extend(kinds.iter().map(|kind| one_of(kind)));
    }
    while password.len() < length {
        password.push(one_of(&all));
    }
    password.shuffle(&mut rng);
    Ok(json!({"RandomPassword": password.into_iter().collect::<String>()}))
}

/// The types that a password must have one of each: those that the request does not exclude, each with at least one
/// character. A space is not a type (recorded: a length of 4 with `IncludeSpace` is accepted).
fn kinds(request: &Request) -> Vec<Vec<char>> {
    let ascii = |keep: fn(&char) -> bool| ('!'..='~').filter(keep).collect::<Vec<char>>();
    let kinds = [
        (request.exclude_uppercase, ascii(char::is_ascii_uppercase)),
        (request.exclude_lowercase, ascii(char::is_ascii_lowercase)),
        (request.exclude_numbers, ascii(char::is_ascii_digit)),
        (request.exclude_punctuation, ascii(char::is_ascii_punctuation)),
    ];
    let allowed = |letters: Vec<char>| -> Vec<char> {
        letters.into_iter().filter(|letter| !request.exclude_characters.contains(*letter)).collect()
    };
    kinds
        .into_iter()
        .filter(|(excluded, _)| !excluded)
        .map(|(_, letters)| allowed(letters))
        .filter(|letters| !letters.is_empty())
        .collect()
}
