//! What was seen during rotations. It holds no password.

use serde::{Deserialize, Serialize};

/// Some rotations of one secret, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The name of the mode.
    pub mode: String,
    /// The function.
    pub function: String,
    /// The server, such as `postgres-18`.
    pub server: String,
    /// By how many milliseconds each request of the function to Secrets Manager was delayed.
    pub delay_ms: u64,
    /// In their order.
    pub rotations: Vec<Rotation>,
}

/// One rotation, with some time before and after it. All times are in milliseconds since createSecret began, and are negative
/// before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// When the record begins.
    pub from: f64,
    /// When it ends.
    pub to: f64,
    /// createSecret, setSecret, testSecret and finishSecret: from the event to the function's response.
    pub steps: Vec<Step>,
    /// The secret's versions by age, the oldest first; the last is the one that this rotation creates.
    pub versions: Vec<Lane>,
    /// Sign-ins of an application that reads AWSCURRENT before each one.
    pub application: Vec<SignIn>,
}

/// One of the four steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, as in events.
    pub step: String,
    /// When the function got the event.
    pub from: f64,
    /// When it had responded.
    pub to: f64,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// The user in its value.
    pub user: String,
    /// Its labels, one after the other.
    pub labels: Vec<LabelSpan>,
    /// Sign-ins with its password, from when it had one.
    pub sign_ins: Vec<SignIn>,
}

/// How long a version had a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelSpan {
    /// The label. If it had AWSCURRENT and AWSPENDING at once, AWSCURRENT.
    pub label: Label,
    /// When it was first seen.
    pub from: f64,
    /// When another was first seen, or the end of the record.
    pub to: f64,
}

/// The label of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// `AWSPENDING`.
    #[serde(rename = "AWSPENDING")]
    Pending,
    /// `AWSCURRENT`.
    #[serde(rename = "AWSCURRENT")]
    Current,
    /// `AWSPREVIOUS`.
    #[serde(rename = "AWSPREVIOUS")]
    Previous,
    /// No label.
    #[serde(rename = "none")]
    None,
}

/// A sign-in: when it began (an application begins by reading AWSCURRENT), when the server had decided, and how.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignIn(pub f64, pub f64, pub Outcome);

/// What a server decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The user is signed in.
    Accepted,
    /// The password is not the user's, or the user does not exist.
    Rejected,
}

impl Label {
    /// As Secrets Manager writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "AWSPENDING",
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
            Self::None => "no label",
        }
    }

    /// The label of a version that has these.
    pub(super) fn of(labels: &[String]) -> Self {
        let has = |label: Self| labels.iter().any(|held| held == label.name());
        let first = [Self::Current, Self::Pending, Self::Previous].into_iter().find(|label| has(*label));
        first.unwrap_or(Self::None)
    }
}

impl SignIn {
    /// Whether the server rejected it.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.2 == Outcome::Rejected
    }
}

impl Rotation {
    /// When the step of this name began and ended. `None` if it is missing.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<(f64, f64)> {
        self.steps.iter().find(|step| step.step == name).map(|step| (step.from, step.to))
    }

    /// The application's sign-ins that the server rejected.
    pub fn rejected(&self) -> impl Iterator<Item = &SignIn> {
        self.application.iter().filter(|sign_in| sign_in.is_rejected())
    }
}

impl Recording {
    /// How many sign-ins with AWSCURRENT there were, and how many of them the server rejected.
    #[must_use]
    pub fn application(&self) -> (usize, usize) {
        let all = self.rotations.iter().map(|rotation| rotation.application.len()).sum();
        (all, self.rotations.iter().map(|rotation| rotation.rejected().count()).sum())
    }

    /// From the text of a file.
    ///
    /// # Errors
    /// If it is not a recording.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The text of a file: a line for each version, for the application and for the steps, so that a change is readable.
    #[must_use]
    pub fn text(&self) -> String {
        let one_line = |value: &serde_json::Value| value.to_string();
        let rotations: Vec<String> = self.rotations.iter().map(|rotation| rotation.text(&one_line)).collect();
        format!(
            "{{\"mode\":{:?},\"function\":{:?},\"server\":{:?},\"delay_ms\":{},\"rotations\":[\n{}\n]}}\n",
            self.mode,
            self.function,
            self.server,
            self.delay_ms,
            rotations.join(",\n")
        )
    }
}

impl Rotation {
    fn text(&self, one_line: &dyn Fn(&serde_json::Value) -> String) -> String {
        let json = |value: serde_json::Result<serde_json::Value>| {
            one_line(&value.expect("numbers, names and lists have a JSON form"))
        };
        let versions: Vec<String> =
            self.versions.iter().map(|lane| json(serde_json::to_value(lane))).collect();
        format!(
            "{{\"from\":{:?},\"to\":{:?},\n\"steps\":{},\n\"versions\":[\n{}\n],\n\"application\":{}}}",
            self.from,
            self.to,
            json(serde_json::to_value(&self.steps)),
            versions.join(",\n"),
            json(serde_json::to_value(&self.application))
        )
    }
}
