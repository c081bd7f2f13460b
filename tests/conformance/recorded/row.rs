//! The form of the table.

use std::fmt;

use serde_json::{Value, json};

use crate::conformance::http;

/// Where AWS's response is known from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// An exchange that `LocalStack`, moto, Cloud Custodian or Terraform recorded on AWS; which one is not noted.
    Recording,
    /// `LocalStack`'s snapshots, recorded on AWS.
    LocalStack,
    /// moto's tests that are marked as verified on AWS.
    Moto,
    /// The acceptance tests of Terraform's provider, which run on AWS.
    Terraform,
    /// What a user of AWS has posted: a log, or an issue of a tool.
    UserLog,
    /// The API reference, or the service's model in the SDKs.
    ApiReference,
    /// The user guide.
    UserGuide,
}

/// How sure it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sure {
    /// Seen in an exchange with AWS.
    Recorded,
    /// AWS says so.
    Documented,
    /// It follows from what is recorded or documented.
    Inferred,
}

/// A source, with how sure it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known(pub(super) Source, pub(super) Sure);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.0 {
            Source::LocalStack => "a snapshot of LocalStack",
            Source::Moto => "a test of moto, verified on AWS",
            Source::Recording => "a recording by LocalStack, moto, Cloud Custodian or Terraform",
            Source::Terraform => "an acceptance test of Terraform",
            Source::UserLog => "a user's log",
            Source::ApiReference => "the API reference",
            Source::UserGuide => "the user guide",
        };
        let sure = match self.1 {
            Sure::Recorded => "recorded",
            Sure::Documented => "documented",
            Sure::Inferred => "inferred",
        };
        write!(f, "{sure}: {source}")
    }
}

/// Calls on a store of their own, and what AWS sends back.
pub(super) struct Row {
    /// The number of the difference.
    pub(super) difference: u8,
    /// What the row holds, as a sentence that can be false.
    pub(super) what: &'static str,
    /// Where it is known from.
    pub(super) source: Known,
    /// In their order.
    pub(super) steps: Vec<Step>,
}

/// One step of a row.
pub(super) enum Step {
    /// A call.
    Call { region: &'static str, operation: &'static str, body: Value, expected: Expected },
    /// The same call again and again, until it sends this back.
    Until { operation: &'static str, body: Value, expected: Expected },
    /// The end of a rotation that `RotateSecret` began.
    Rotated { secret: &'static str, version: String, succeeded: bool },
}

/// What must come back.
pub(super) enum Expected {
    /// Success, with these members at least. null is a member that must be absent; `<number>` is any number, `<text>`
    /// any text.
    Returns(Value),
    /// Success without a body.
    Nothing,
    /// An error with this code, and this message where that is known.
    Refused(&'static str, Option<&'static str>),
    /// An error whose code is not known.
    RefusedSomehow,
}

impl Expected {
    /// How a response differs; `None` if it does not.
    pub(super) fn difference(
        &self,
        status: u16,
        body: &Value,
        fill: impl Fn(&Value) -> Value,
    ) -> Option<String> {
        let error = http::error_code(body);
        let came = || format!("{status} {body}");
        match self {
            Self::Returns(expected) if status == 200 => differs("", &fill(expected), body),
            Self::Nothing if status == 200 && body.is_null() => None,
            Self::Returns(expected) => Some(format!("{expected} was expected, and {} came", came())),
            Self::Nothing => Some(format!("an empty body was expected, and {} came", came())),
            Self::RefusedSomehow if status == 400 && error.is_some() => None,
            Self::RefusedSomehow => Some(format!("an error was expected, and {} came", came())),
            Self::Refused(code, message) => {
                let message = message.map(|message| fill(&json!(message)));
                let said = body.get("Message").or_else(|| body.get("message"));
                let same = message.as_ref().is_none_or(|message| said == Some(message));
                (status != 400 || error.as_deref() != Some(code) || !same).then(|| {
                    let message = message.unwrap_or_default();
                    format!("{code} {message} was expected, and {} came", came())
                })
            }
        }
    }
}

fn differs(place: &str, expected: &Value, found: &Value) -> Option<String> {
    let same = match (expected, found) {
        (Value::Object(members), Value::Object(found)) => {
            return members.iter().find_map(|(name, expected)| {
                differs(&format!("{place}/{name}"), expected, found.get(name).unwrap_or(&Value::Null))
            });
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            return items
                .iter()
                .zip(found)
                .enumerate()
                .find_map(|(at, (expected, found))| differs(&format!("{place}/{at}"), expected, found));
        }
        (Value::String(kind), found) if kind == "<number>" => found.is_number(),
        (Value::String(kind), found) if kind == "<text>" => found.is_string(),
        (expected, found) => expected == found,
    };
    (!same).then(|| format!("{place} is {found}, and AWS's is {expected}"))
}

/// A key of KMS that encrypts and decrypts nothing.
pub(super) const WRONG_KEY: &str = "alias/wrong";

/// A version id, which is also a token.
pub(super) fn id(number: u8) -> String {
    format!("{number:02}aaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
}

/// A call that succeeds with these members.
pub(super) fn returns(operation: &'static str, body: Value, expected: Value) -> Step {
    Step::Call { region: http::REGION, operation, body, expected: Expected::Returns(expected) }
}

/// A call that succeeds, with whatever.
pub(super) fn succeeds(operation: &'static str, body: Value) -> Step {
    returns(operation, body, json!({}))
}

/// A call that succeeds without a body.
pub(super) fn returns_nothing(operation: &'static str, body: Value) -> Step {
    Step::Call { region: http::REGION, operation, body, expected: Expected::Nothing }
}

/// A call that fails with this code.
pub(super) fn refused(operation: &'static str, body: Value, code: &'static str) -> Step {
    Step::Call { region: http::REGION, operation, body, expected: Expected::Refused(code, None) }
}

/// A call that fails with this code and message.
pub(super) fn refused_saying(
    operation: &'static str,
    body: Value,
    code: &'static str,
    message: &'static str,
) -> Step {
    Step::Call { region: http::REGION, operation, body, expected: Expected::Refused(code, Some(message)) }
}

/// A call that fails with a code that nobody has recorded.
pub(super) fn refused_somehow(operation: &'static str, body: Value) -> Step {
    Step::Call { region: http::REGION, operation, body, expected: Expected::RefusedSomehow }
}

/// A secret `s` with the value `one` as version 1.
pub(super) fn create() -> Step {
    let body = json!({"Name": "s", "SecretString": "one", "ClientRequestToken": id(1)});
    returns("CreateSecret", body, json!({"Name": "s", "VersionId": id(1)}))
}

/// The response of `DescribeSecret` for `s`.
pub(super) fn described(expected: Value) -> Step {
    returns("DescribeSecret", json!({"SecretId": "s"}), expected)
}

/// The response of `DescribeSecret` for `s`, sooner or later.
pub(super) fn until_described(expected: Value) -> Step {
    let body = json!({"SecretId": "s"});
    Step::Until { operation: "DescribeSecret", body, expected: Expected::Returns(expected) }
}

/// A rotation of `s` by a function.
pub(super) fn rotate(function: &str, version: u8) -> Step {
    let arn = crate::conformance::rotation_function::arn(function);
    let body = json!({"SecretId": "s", "RotationLambdaARN": arn, "ClientRequestToken": id(version), "RotationRules": {"AutomaticallyAfterDays": 30}});
    returns("RotateSecret", body, json!({"Name": "s", "VersionId": id(version)}))
}

/// The end of that rotation.
pub(super) fn rotated(version: u8, succeeded: bool) -> Step {
    Step::Rotated { secret: "s", version: id(version), succeeded }
}
