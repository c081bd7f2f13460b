//! Reading a secret's fields: every fault is remembered, by name and without its value.

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::error::{Problem, Refusal};
use crate::server::Tls;
use crate::{Password, SecretText};

/// Reads fields one by one and remembers everything that is wrong.
pub(super) struct Reader {
    which: String,
    fields: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(text: &SecretText, which: &str) -> Result<Self, Refusal> {
        let problem = match serde_json::from_str(text.expose()) {
            Ok(Value::Object(fields)) => {
                return Ok(Self { which: which.into(), fields, problems: Vec::new() });
            }
            Ok(_) => Problem::new("it", "must be a JSON object"),
            Err(error) => Problem::new("it", not_read(&error)),
        };
        Err(Refusal::Secret { which: which.into(), problems: vec![problem] })
    }

    pub(super) fn required(&mut self, name: &str) -> Option<String> {
        if matches!(self.fields.get(name), None | Some(Value::Null)) {
            self.problems.push(Problem::missing(name));
            return None;
        }
        self.optional(name)
    }

    /// A text that, if present, is not empty and holds no NUL (no engine takes one).
    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Some(text.clone()),
            Some(_) => {
                self.problems.push(Problem::new(name, "must be a string that is not empty and holds no NUL"));
                None
            }
        }
    }

    /// The same, and an empty text is none, as for AWS's functions.
    pub(super) fn unless_empty(&mut self, name: &str) -> Option<String> {
        if matches!(self.fields.get(name), Some(Value::String(text)) if text.is_empty()) {
            return None;
        }
        self.optional(name)
    }

    /// Moves the password out, so that its text is in one place and wiped there.
    pub(super) fn password(&mut self) -> Option<Password> {
        match self.fields.get_mut("password").map(Value::take) {
            None | Some(Value::Null) => self.problems.push(Problem::missing("password")),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => {
                return Some(Password::new(text));
            }
            Some(_) => self
                .problems
                .push(Problem::new("password", "must be a string that is not empty and holds no NUL")),
        }
        None
    }

    /// A whole number, or a string of digits with blanks around it, as AWS's functions accept.
    pub(super) fn port(&mut self) -> Option<u16> {
        let port = match self.fields.get("port") {
            None | Some(Value::Null) => return None,
            Some(Value::String(digits)) => digits.trim().parse().ok(),
            Some(value) => whole(value),
        };
        let port = port.filter(|port| *port > 0);
        if port.is_none() {
            self.problems.push(Problem::new("port", "must be a whole number from 1 to 65535"));
        }
        port
    }

    pub(super) fn tls(&mut self) -> Tls {
        match self.fields.get("ssl") {
            None | Some(Value::Null | Value::Bool(true)) => Tls::Required,
            Some(Value::Bool(false)) => Tls::Forbidden,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Tls::Required,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Tls::Forbidden,
            Some(_) => {
                self.problems.push(Problem::new("ssl", "must be true or false"));
                Tls::Required
            }
        }
    }

    pub(super) fn check_engine(&mut self, engine: Option<&str>, engines: &[&str]) {
        if engine.is_some_and(|engine| !engines.contains(&engine)) {
            self.problems.push(Problem::new("engine", format!("must be one of {}", engines.join(", "))));
        }
    }

    /// A host name or an address: a path would be a socket of this machine to the driver.
    pub(super) fn check_host(&mut self, host: Option<&str>) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if host.is_some_and(|host| host.len() > 255 || !host.chars().all(allowed)) {
            self.problems.push(Problem::new("host", "must be a host name or an address"));
        }
    }

    pub(super) fn refusal(&mut self) -> Refusal {
        Refusal::Secret { which: self.which.clone(), problems: std::mem::take(&mut self.problems) }
    }

    pub(super) fn finish(mut self) -> Result<Map<String, Value>, Refusal> {
        if self.problems.is_empty() { Ok(std::mem::take(&mut self.fields)) } else { Err(self.refusal()) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        wipe(self.fields.get_mut("password"));
    }
}

/// A whole number in its range, also one that is written as 5432.0.
fn whole(value: &Value) -> Option<u16> {
    let text = value.as_number()?.to_string();
    let digits = text.split_once('.').filter(|(_, fraction)| fraction.chars().all(|c| c == '0'));
    digits.map_or(&*text, |(digits, _)| digits).parse().ok()
}

/// Where, and never serde's own message, which may quote the text. Of JSON, it refuses depth only.
fn not_read(error: &serde_json::Error) -> String {
    let place = format!("at line {} column {}", error.line(), error.column());
    if error.to_string().starts_with("recursion limit exceeded") {
        format!("must not be nested more than 127 deep, and is {place}")
    } else {
        format!("must be JSON, and is not {place}")
    }
}

/// Overwrites a text in place.
pub(super) fn wipe(value: Option<&mut Value>) {
    if let Some(Value::String(text)) = value {
        text.zeroize();
    }
}
