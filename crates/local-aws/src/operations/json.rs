//! JSON as the protocol `awsJson1_1` has it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
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

/// Reads the body of a request. An error quotes nothing of it.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Only the position: serde's own message quotes the text that it found, which may be a value.
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(
            "SerializationException",
            format!("the request cannot be read at line {}, column {}", error.line(), error.column()),
        )
    })
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
