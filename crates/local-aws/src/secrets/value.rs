use serde::{Deserialize, Serialize};

use super::Refusal;

/// The longest value, in bytes (quotas of Secrets Manager).
const MAX_BYTES: usize = 65_536;

/// A secret value. It has no `Debug`, so that nothing prints it; it is serialized into state
/// files only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// `SecretString`, as given.
    Text(String),
    /// `SecretBinary`, in base64 as in the request.
    Binary(String),
}

impl Value {
    /// The value of a request, in one of the two forms; `None` if there is no value.
    pub(crate) fn from_request(
        text: Option<String>,
        binary: Option<String>,
    ) -> Result<Option<Self>, Refusal> {
        let value = match (text, binary) {
            (None, None) => return Ok(None),
            (Some(text), None) => Value::Text(text),
            (None, Some(binary)) => Value::Binary(binary),
            (Some(_), Some(_)) => {
                return Err(Refusal::invalid_parameter(
                    "You can't specify both a binary secret value and a string secret value in the same secret.",
                ));
            }
        };
        if value.is_malformed() {
            return Err(Refusal::new(
                "SerializationException",
                "SecretBinary is not base64 (RFC 4648, section 4)",
            ));
        }
        match value.bytes() {
            0 => Err(Refusal::validation(value.member(), "have length greater than or equal to 1")),
            1..=MAX_BYTES => Ok(Some(value)),
            _ => Err(Refusal::validation(value.member(), "have length less than or equal to 65536")),
        }
    }

    /// Whether the value is binary, but not in base64: the service decodes it, and so do clients.
    fn is_malformed(&self) -> bool {
        let Value::Binary(base64) = self else { return false };
        let digits = base64.trim_end_matches('=');
        let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'+' || c == b'/';
        let padding = base64.len() - digits.len();
        !base64.len().is_multiple_of(4) || padding > 2 || !digits.bytes().all(allowed)
    }

    fn bytes(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::Binary(base64) => base64.trim_end_matches('=').len() * 3 / 4,
        }
    }

    fn member(&self) -> &'static str {
        match self {
            Value::Text(_) => "secretString",
            Value::Binary(_) => "secretBinary",
        }
    }
}
