//! JSON as the protocol `awsJson1_1` has it.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
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
        // Not `IgnoredAny`, which `parse` would take for a member that the operation does not have.
        let value = Option::<Json>::deserialize(deserializer)?;
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

/// Reads an array of objects. What serde derives also takes an array for an object: its members in their order.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(object)| object).collect())
}

/// As `objects`, for a member that the operation also accepts the absence of.
pub(super) fn optional_objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    objects(deserializer).map(Some)
}

/// As `objects`, for a member that is one object, and that may be absent.
pub(super) fn optional_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::<T>::deserialize(deserializer).map(|Object(object)| Some(object))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Reads the body of a request. A member that is null is absent, as the protocol requires. A member that the operation
/// does not have is refused: AWS ignores it, which hides a mistyped name. An error quotes no value.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    match read(body) {
        Ok(request) => Ok(request),
        Err(refusal) => match without_nulls(body) {
            Some(body) => read(body.to_string().as_bytes()),
            None => Err(refusal),
        },
    }
}

/// The body without the members that are null; `None` if there is none.
fn without_nulls(body: &[u8]) -> Option<Json> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let cleaned = cleaned(&body);
    (cleaned != body).then_some(cleaned)
}

/// The same without members that are null, in nested objects too.
fn cleaned(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let present = members.iter().filter(|(_, member)| !member.is_null());
            present.map(|(name, member)| (name.clone(), cleaned(member))).collect()
        }
        Json::Array(items) => items.iter().map(cleaned).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut unknown = None;
    let mut track = serde_path_to_error::Track::new();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let request = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| path.to_string().replace(".?", ""));
    });
    let request = request.and_then(|Object(request)| deserializer.end().map(|()| request));
    let request = request.map_err(|error| refuse(&error, &track.path().to_string()))?;
    match unknown {
        None => Ok(request),
        Some(path) => Err(serialization(format!(
            "the operation has no member {}, as far as local-aws knows",
            shortened(&path)
        ))),
    }
}

/// The refusal of a request that cannot be read at `path`. Serde's own message quotes the text that it found, which may be a
/// value.
fn refuse(error: &serde_json::Error, path: &str) -> Refusal {
    let text = error.to_string();
    // The name is the code's own, not the request's.
    let missing = text.strip_prefix("missing field `").and_then(|text| text.split_once('`'));
    match (missing, path) {
        (Some((field, _)), ".") => Refusal::missing(&member(field)),
        (Some((field, _)), path) => Refusal::missing(&member(&format!("{path}.{field}"))),
        (None, path) if error.is_data() && path != "." && !text.starts_with("duplicate field") => {
            serialization(format!("the member {} is of another type than in the API", shortened(path)))
        }
        (None, _) => serialization(format!(
            "the request cannot be read at line {}, column {}",
            error.line(),
            error.column()
        )),
    }
}

/// A member as AWS's validation names it: `tags.1.member.key` for `Tags[0].Key`.
fn member(path: &str) -> String {
    let parts = path.split('.').map(|part| {
        let (name, index) = part.split_once('[').unwrap_or((part, ""));
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let name: String = first.into_iter().chain(letters).collect();
        match index.trim_end_matches(']').parse::<usize>() {
            Ok(index) => format!("{name}.{}.member", index + 1),
            Err(_) => name,
        }
    });
    parts.collect::<Vec<String>>().join(".")
}

fn serialization(message: impl Into<String>) -> Refusal {
    Refusal::new("SerializationException", message)
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
