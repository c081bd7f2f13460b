//! Makes text from others safe to put into an error, a log or a terminal.
//!
//! A server, or anyone who responds in its place, chooses them. They may be long, may hold characters that move a terminal's
//! cursor or turn text around, and may repeat a password that the server was sent.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::Password;

/// How much of a server's message is repeated, in characters.
const SERVER_TEXT: usize = 200;

/// How long an error may be as a whole, in characters. Lambda's response may have 6 MB, a line of CloudWatch's 256 KB.
const MESSAGE: usize = 32 * 1024;

/// A shorter password may be a word of any message, and protects nothing.
const SHORTEST: usize = 4;

/// What is shown instead of a password, and of what a server stores of one.
const HIDDEN: &str = "<a password>";
const HIDDEN_VERIFIER: &str = "<a verifier>";

/// What follows a text that was cut.
const CUT: &str = " ... (cut)";

/// The fields of a log line that the server has no part in.
const OWN_FIELDS: [&str; 3] = ["timestamp", "level", "target"];

/// A server's message as it may be shown: at most 200 characters, none that does not print, and no verifier, which a server
/// may quote from the statement that sets one.
#[must_use]
pub fn server_words(text: &str) -> String {
    let is_end = |character: char| character.is_whitespace() || "'\"`".contains(character);
    let mut shown = String::new();
    for word in text.split_inclusive(is_end) {
        let bare = word.trim_end_matches(is_end);
        shown.push_str(if holds_verifier(bare) { HIDDEN_VERIFIER } else { bare });
        shown.push_str(&word[bare.len()..]);
    }
    printable(&shown, SERVER_TEXT)
}

/// `SCRAM-SHA-256$...`, or the digits that follow `md5` (PostgreSQL), or `*` (MariaDB).
fn holds_verifier(word: &str) -> bool {
    let digits_after = |mark: &str, least: usize| {
        word.match_indices(mark).any(|(start, _)| {
            let rest = word[start + mark.len()..].bytes();
            rest.take_while(u8::is_ascii_hexdigit).count() >= least
        })
    };
    word.contains("SCRAM-SHA-256$") || digits_after("md5", 32) || digits_after("*", 40)
}

/// The first characters of a text. One that does not print is shown by its number; line breaks and tabs are spaces.
fn printable(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for (number, character) in text.chars().enumerate() {
        if number == most {
            shown.push_str(CUT);
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            character if does_not_print(character) => {
                shown.push_str(&format!("<U+{:04X}>", u32::from(character)));
            }
            character => shown.push(character),
        }
    }
    shown
}

/// Controls (C0, C1), and what formats text without being seen: direction, joining, tags (Unicode 16, UAX #9 and the
/// category Cf).
#[must_use]
pub fn does_not_print(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The passwords that a step has read: no text from elsewhere may repeat one.
#[derive(Debug, Default)]
pub struct PasswordsInUse(Mutex<Vec<Password>>);

/// How many values of a list a log line repeats.
const LISTED: usize = 100;

impl PasswordsInUse {
    /// Adds a password, until [`Self::forget`].
    pub fn remember(&self, password: &Password) {
        let mut all = self.lock();
        if password.expose().len() >= SHORTEST && !all.contains(password) {
            all.push(password.clone());
            // The longest first: one may hold another.
            all.sort_by_key(|password| std::cmp::Reverse(password.expose().len()));
        }
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// A message as it may leave the process: without a password in use, without what does not print, not too long.
    #[must_use]
    pub fn message(&self, text: &str) -> String {
        printable(&self.hide(text), MESSAGE)
    }

    /// A line of JSON whose values repeat no password in use, with what does not print escaped. The names of its fields stay:
    /// else the writer of a secret could rename them by a password.
    #[must_use]
    pub fn json(&self, line: &str) -> String {
        let hidden = match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(mut fields) => {
                let others = fields.iter_mut().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str()));
                others.for_each(|(_, value)| self.hide_in(value));
                format!("{}\n", Value::from(fields))
            }
            Err(_) => self.message(line),
        };
        let mut escaped = String::with_capacity(hidden.len());
        for character in hidden.chars() {
            if character == '\n' || !does_not_print(character) {
                escaped.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
        escaped
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = cut(&self.hide(text), MESSAGE),
            Value::Array(values) => {
                values.truncate(LISTED);
                values.iter_mut().for_each(|value| self.hide_in(value));
            }
            Value::Object(fields) => fields.values_mut().for_each(|value| self.hide_in(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn hide(&self, text: &str) -> String {
        self.lock().iter().fold(text.to_owned(), |text, password| {
            // As it is, and as `server_words` shows it.
            let shown = Zeroizing::new(printable(password.expose(), usize::MAX));
            [password.expose(), &shown].into_iter().fold(text, |text, form| {
                let whole = text.replace(form, HIDDEN);
                let parts: Vec<_> =
                    whole.split_inclusive(CUT).map(|part| without_beginning(part, form)).collect();
                parts.concat()
            })
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Password>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part that was cut may end in the beginning of a password.
fn without_beginning(part: &str, password: &str) -> String {
    let Some(kept) = part.strip_suffix(CUT) else { return part.to_owned() };
    let ends = password.char_indices().map(|(end, _)| end).rev().filter(|end| *end >= SHORTEST);
    let before = ends.map(|end| &password[..end]).find_map(|beginning| kept.strip_suffix(beginning));
    before.map_or_else(|| part.to_owned(), |before| format!("{before}{HIDDEN}{CUT}"))
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}{CUT}", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_servers_words_are_cut_and_show_what_does_not_print() {
        assert_eq!(server_words(&"x".repeat(8_000_000)), format!("{} ... (cut)", "x".repeat(200)));
        assert_eq!(server_words("a\nb\tc"), "a b c");
        assert_eq!(server_words("\u{1b}[2J\u{202e}gpj\u{0}"), "<U+001B>[2J<U+202E>gpj<U+0000>");
        assert_eq!(server_words("ключ 名前 é"), "ключ 名前 é");
    }

    #[test]
    fn a_servers_words_show_no_verifier() {
        let scram = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy";
        for verifier in [scram, "md50123456789abcdef0123456789abcdef", &format!("*{}", "A".repeat(40))] {
            let said = format!("no: ALTER ROLE app PASSWORD '{verifier}' is not \"{verifier}\"");
            assert_eq!(
                server_words(&said),
                "no: ALTER ROLE app PASSWORD '<a verifier>' is not \"<a verifier>\""
            );
        }
        assert_eq!(server_words("md5 of *12 or SCRAM-SHA-256 only"), "md5 of *12 or SCRAM-SHA-256 only");
    }

    #[test]
    fn a_password_is_hidden_where_it_was_cut_and_as_words_show_it() {
        let passwords = PasswordsInUse::default();
        passwords.remember(&Password::new("0123456789".into()));
        passwords.remember(&Password::new("tab\there\u{200b}".into()));
        for before in 190..=200 {
            let said = format!("{}0123456789 and more", "x".repeat(before));
            let shown = passwords.message(&server_words(&said));
            assert!(!shown.contains("0123"), "{shown}");
            assert!(shown.starts_with(&"x".repeat(before)), "{shown}");
        }
        assert_eq!(passwords.message(&server_words("is tab\there\u{200b}")), "is <a password>");
    }

    #[test]
    fn no_message_and_no_line_repeats_a_password_in_use() {
        let passwords = PasswordsInUse::default();
        for password in ["hunter2", "hunter2-and-more", "q\"uo\\te", "abc"] {
            passwords.remember(&Password::new(password.into()));
        }
        let said = passwords.message("hunter2 hunter2-and-more q\"uo\\te abc");
        assert_eq!(said, "<a password> <a password> <a password> abc");
        for (password, line, shown) in [
            ("q\"uo\\te", json!({"m": "so q\"uo\\te\u{202e}"}), "{\"m\":\"so <a password>\\u202e\"}\n"),
            ("abcd\"", json!({"m": "wrong: abcd\" x"}), "{\"m\":\"wrong: <a password> x\"}\n"),
            ("\"m\":\"", json!({"m": "it"}), "{\"m\":\"it\"}\n"),
            (
                "message",
                json!({"level": "message", "message": {"n": 1, "of": ["the message"]}}),
                "{\"level\":\"message\",\"message\":{\"n\":1,\"of\":[\"the <a password>\"]}}\n",
            ),
        ] {
            passwords.remember(&Password::new(password.into()));
            assert_eq!(passwords.json(&format!("{line}\n")), shown);
        }
        passwords.forget();
        assert_eq!(passwords.message("hunter2"), "hunter2");
    }
}
