//! JSON as the protocol `awsJson1_1` has it.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value as Json;
use time::OffsetDateTime;

use crate::secrets::Refusal;

/// A tag as requests have it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// A member of AWS's API that is refused, because local-aws does not do what it asks for.
#[derive(Default)]
pub(crate) enum Unsupported {
    #[default]
    Absent,
    Present,
}

impl<'de> Deserialize<'de> for Unsupported {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(value.map_or(Unsupported::Absent, |_| Unsupported::Present))
    }
}

impl Unsupported {
    /// Refuses the request if it has the member.
    pub(super) fn refuse(&self, member: &str, what: &str) -> Result<(), Refusal> {
        match self {
            Unsupported::Absent => Ok(()),
            Unsupported::Present => Err(Refusal::invalid_parameter(format!(
                "local-aws does not have {what}: leave out the member {member}"
            ))),
        }
    }
}

/// Reads the body of a request. A member that the operation does not have is refused: AWS ignores it, which hides a
/// mistyped name. An error quotes no value.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut unknown = None;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let request = serde_ignored::deserialize(&mut deserializer, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    });
    let request = request.and_then(|request| deserializer.end().map(|()| request));
    // Only the position: serde's own message quotes the text that it found, which may be a value.
    let request = request.map_err(|error| {
        Refusal::new(
            "SerializationException",
            format!("the request cannot be read at line {}, column {}", error.line(), error.column()),
        )
    })?;
    match unknown {
        None => Ok(request),
        Some(path) => Err(Refusal::new(
            "SerializationException",
            format!("the operation has no member {}, as far as local-aws knows", shortened(&path)),
        )),
    }
}

/// A member's name, cut where it is longer than any that exists.
fn shortened(path: &str) -> String {
    path.chars().take(100).collect()
}

/// A time in seconds since 1970, with milliseconds.
pub(super) fn epoch(time: OffsetDateTime) -> Json {
    let milliseconds = time.unix_timestamp_nanos() / 1_000_000;
    Json::from(milliseconds as f64 / 1_000.0)
}

/// A time's day, as `LastAccessedDate` has it (API reference, `DescribeSecret`).
pub(super) fn day(time: OffsetDateTime) -> Json {
    epoch(time.replace_time(time::Time::MIDNIGHT))
}
