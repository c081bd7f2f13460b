//! What a person sends to a function for a diagnosis.

use serde_json::Value;

use crate::error::{Problem, Refusal};
use crate::event::unknown_fields;
use crate::ids::SecretId;

/// `{"Diagnose": {"SecretId": "..."}}`.
#[derive(Debug, Clone)]
pub struct DiagnosisEvent {
    /// The secret: its ARN or name.
    pub secret_id: SecretId,
}

impl DiagnosisEvent {
    /// Reads an event; `None` if it asks for no diagnosis.
    ///
    /// # Errors
    /// [`Refusal::Event`] with every field that is missing, wrong or unknown, by name, without its value.
    pub fn parse(event: &Value) -> Option<Result<Self, Refusal>> {
        let fields = event.as_object()?;
        let diagnose = fields.get("Diagnose")?;
        let mut problems = unknown_fields(fields.keys(), &["Diagnose"]);
        let Some(diagnose) = diagnose.as_object() else {
            problems.push(Problem::new("Diagnose", "must be an object with a SecretId"));
            return Some(Err(Refusal::Event(problems)));
        };
        problems.extend(unknown_fields(diagnose.keys(), &["SecretId"]));
        let secret_id = match diagnose.get("SecretId") {
            Some(Value::String(id)) if (1..=2048).contains(&id.len()) => Some(SecretId(id.clone())),
            Some(_) => {
                problems.push(Problem::new("SecretId", "must be a string of 1 to 2048 characters"));
                None
            }
            None => {
                problems.push(Problem::missing("SecretId"));
                None
            }
        };
        Some(match secret_id {
            Some(secret_id) if problems.is_empty() => Ok(Self { secret_id }),
            _ => Err(Refusal::Event(problems)),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_names_the_secret_and_nothing_else() {
        let event = json!({"Diagnose": {"SecretId": "app"}});
        let event = DiagnosisEvent::parse(&event).expect("a diagnosis").expect("an event");
        assert_eq!(event.secret_id.0, "app");
        for event in [json!({"Step": "setSecret"}), json!([]), json!(null), json!("Diagnose")] {
            assert!(DiagnosisEvent::parse(&event).is_none(), "{event}");
        }
    }

    #[test]
    fn fields_that_are_unknown_missing_or_wrong_are_named_and_no_value_is_echoed() {
        for (event, named) in [
            (json!({"Diagnose": {"SecretId": "app", "Fix": "hunter2"}}), "Fix is not known"),
            (json!({"Diagnose": {"SecretId": "app"}, "Step": "hunter2"}), "Step is not known"),
            (json!({"Diagnose": {}}), "SecretId is missing"),
            (json!({"Diagnose": {"SecretId": ["hunter2"]}}), "SecretId must be a string"),
            (json!({"Diagnose": "hunter2"}), "Diagnose must be an object"),
        ] {
            let refusal = DiagnosisEvent::parse(&event).expect("a diagnosis").expect_err(named).to_string();
            assert!(refusal.contains(named) && !refusal.contains("hunter2"), "{refusal}");
        }
    }
}
