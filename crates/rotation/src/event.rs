//! What Secrets Manager sends to a rotation function.
//!
//! The type in the crate `lambda_events` lacks `RotationToken` and derives `Debug`; this one does neither.

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::error::{Problem, Refusal};
use crate::ids::{SecretId, VersionId};

/// One of the four calls of a rotation, in the order of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write a new pending version.
    CreateSecret,
    /// Put its password in the database.
    SetSecret,
    /// Prove that it works.
    TestSecret,
    /// Move AWSCURRENT to it.
    FinishSecret,
}

impl Step {
    /// All steps, in the order in which Secrets Manager calls them.
    pub const ALL: [Self; 4] = [Self::CreateSecret, Self::SetSecret, Self::TestSecret, Self::FinishSecret];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateSecret => "createSecret",
            Self::SetSecret => "setSecret",
            Self::TestSecret => "testSecret",
            Self::FinishSecret => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Proves to Secrets Manager that a write belongs to its rotation. 36 to 256 characters; sensitive.
#[derive(Clone)]
pub struct RotationToken(Zeroizing<String>);

impl RotationToken {
    /// The token itself, for `PutSecretValue`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RotationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RotationToken(_)")
    }
}

/// One call of Secrets Manager.
#[derive(Debug, Clone)]
pub struct RotationEvent {
    /// Which of the four.
    pub step: Step,
    /// The secret that is rotated.
    pub secret_id: SecretId,
    /// The version that becomes current.
    pub version_id: VersionId,
    /// Sent by current services; passed on to every write.
    pub rotation_token: Option<RotationToken>,
}

impl RotationEvent {
    /// Reads an event; fields that it does not know are ignored.
    ///
    /// # Errors
    /// [`Refusal::Event`] with every field that is missing or wrong, by name, without its value.
    pub fn parse(event: Value) -> Result<Self, Refusal> {
        let Value::Object(mut fields) = event else {
            return Err(Refusal::Event(vec![Problem::new("the event", "must be a JSON object")]));
        };
        let mut problems = Vec::new();
        let step = step(&fields).map_err(|problem| problems.push(problem)).ok();
        let secret_id = text(&mut fields, "SecretId", 1, 2048).map_err(|problem| problems.push(problem)).ok();
        let version_id =
            text(&mut fields, "ClientRequestToken", 32, 64).map_err(|problem| problems.push(problem)).ok();
        let token = match fields.get("RotationToken") {
            None | Some(Value::Null) => None,
            Some(_) => {
                text(&mut fields, "RotationToken", 36, 256).map_err(|problem| problems.push(problem)).ok()
            }
        };
        match (step, secret_id, version_id) {
            (Some(step), Some(secret_id), Some(version_id)) if problems.is_empty() => Ok(Self {
                step,
                secret_id: SecretId(secret_id),
                version_id: VersionId(version_id),
                rotation_token: token.map(|token| RotationToken(Zeroizing::new(token))),
            }),
            _ => Err(Refusal::Event(problems)),
        }
    }
}

fn step(fields: &Map<String, Value>) -> Result<Step, Problem> {
    let name = fields.get("Step").ok_or_else(|| Problem::missing("Step"))?;
    let known = Step::ALL.into_iter().find(|step| name.as_str() == Some(step.name()));
    known.ok_or_else(|| {
        Problem::new("Step", "must be one of createSecret, setSecret, testSecret, finishSecret")
    })
}

/// The fields beside those that are known.
pub(crate) fn unknown_fields<'a>(names: impl Iterator<Item = &'a String>, known: &[&str]) -> Vec<Problem> {
    let unknown = names.filter(|name| !known.contains(&name.as_str()));
    unknown.map(|name| Problem::new(shown(name), "is not known")).collect()
}

/// A name may be anything, and as long as an event.
fn shown(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn text(fields: &mut Map<String, Value>, name: &str, min: usize, max: usize) -> Result<String, Problem> {
    match fields.get_mut(name).map(Value::take) {
        None => Err(Problem::missing(name)),
        Some(Value::String(text)) if (min..=max).contains(&text.len()) => Ok(text),
        Some(_) => Err(Problem::new(name, format!("must be a string of {min} to {max} characters"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VERSION: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn every_step_is_known_and_other_fields_are_ignored() {
        for step in Step::ALL {
            let event =
                json!({"Step": step.name(), "SecretId": "arn", "ClientRequestToken": VERSION, "New": [1]});
            assert_eq!(RotationEvent::parse(event).expect("an event").step, step);
        }
    }

    #[test]
    fn all_faults_are_named_at_once_and_no_value_is_echoed() {
        let event = json!({"Step": "hunter2", "ClientRequestToken": 7, "RotationToken": "short-hunter2"});
        let said = RotationEvent::parse(event).expect_err("no event").to_string();
        for field in ["Step", "SecretId", "ClientRequestToken", "RotationToken"] {
            assert!(said.contains(field), "{field} is not named in: {said}");
        }
        assert!(!said.contains("hunter2"), "a value is echoed in: {said}");
    }

    #[test]
    fn an_event_that_is_no_object_is_refused() {
        for event in [json!(null), json!([]), json!("createSecret"), json!(1)] {
            assert!(RotationEvent::parse(event).is_err());
        }
    }

    #[test]
    fn the_rotation_token_does_not_show_in_debug_output() {
        let token = "hunter2-hunter2-hunter2-hunter2-hunter2";
        let event = json!({"Step": "setSecret", "SecretId": "arn", "ClientRequestToken": VERSION, "RotationToken": token});
        let event = RotationEvent::parse(event).expect("an event");
        assert_eq!(event.rotation_token.as_ref().map(RotationToken::expose), Some(token));
        assert!(!format!("{event:?}").contains("hunter2"));
    }
}
