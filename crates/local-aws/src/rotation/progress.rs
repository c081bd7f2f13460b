use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::lock::lock;

/// The rotation of one version, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The newest 1,000 attempts, also those before the service ran the rotation again.
    pub attempts: Vec<Attempt>,
    /// Whether all steps of the last attempt succeeded, and AWSPENDING was then on the AWSCURRENT version or on no
    /// version.
    pub succeeded: bool,
}

/// One attempt: the steps until one fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The steps that were called, in their order.
    pub steps: Vec<StepResult>,
}

/// One call of the function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// The step that was called.
    pub step: Step,
    /// The result of the call.
    pub outcome: Result<(), FunctionError>,
}

/// A step of a rotation, as the event's `Step` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Creates the pending version's value.
    CreateSecret,
    /// Sets its password in the database.
    SetSecret,
    /// Signs in with it; the only step if `RotateSecret` is called with `RotateImmediately=false`.
    TestSecret,
    /// Moves AWSCURRENT to it.
    FinishSecret,
}

impl Step {
    /// The four steps, in their order.
    pub const ALL: [Step; 4] = [Step::CreateSecret, Step::SetSecret, Step::TestSecret, Step::FinishSecret];

    /// The step's name in an event.
    pub fn name(self) -> &'static str {
        match self {
            Step::CreateSecret => "createSecret",
            Step::SetSecret => "setSecret",
            Step::TestSecret => "testSecret",
            Step::FinishSecret => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// What kind of failure it is.
    pub kind: FunctionErrorKind,
    /// `errorType` of the function's response, if it has one.
    pub error_type: Option<String>,
    /// `errorMessage` of the function's response, or another description of the failure.
    pub message: String,
}

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionErrorKind {
    /// The function, or the program that runs it, responded with an error.
    ErrorResponse,
    /// There was no response: no URL is set, nothing listens there, or the connection broke.
    Unreachable,
    /// There was no response within the time limit of a call.
    TimedOut,
    /// finishSecret succeeded, but the version is not AWSCURRENT, or AWSPENDING is still on another one.
    Unfinished,
    /// Someone else than the function wrote the pending version's value; the function is not called.
    ForeignValue,
    /// `CancelRotateSecret` was called, or the secret was deleted.
    Cancelled,
}

impl FunctionError {
    pub(crate) fn new(kind: FunctionErrorKind, message: impl Into<String>) -> Self {
        FunctionError { kind, error_type: None, message: message.into() }
    }
}

#[derive(Clone, Default)]
struct Progress {
    rotation: Rotation,
    ended: bool,
}

/// How many attempts of one rotation are kept: those of a rotation that is run again and again, because it cannot succeed.
const MAX_ATTEMPTS: usize = 1_000;

/// How many rotations are remembered that have ended.
const MAX_ENDED: usize = 10_000;

/// The rotations since the server's start, by ARN and version: those under way, and the newest that have ended.
#[derive(Default)]
pub(crate) struct Rotations {
    by_version: Mutex<HashMap<(String, String), watch::Sender<Progress>>>,
    /// Those that have ended, the oldest first.
    ended: Mutex<VecDeque<(String, String)>>,
}

impl Rotations {
    /// Records that the rotation of a version begins; false if it is already under way.
    pub(super) fn begin(&self, arn: &str, version: &str) -> bool {
        let key = key(arn, version);
        let mut all = lock(&self.by_version);
        let known = all.get(&key);
        if known.is_some_and(|sender| !sender.borrow().ended) {
            return false;
        }
        match known {
            Some(sender) => {
                sender.send_modify(|progress| progress.ended = false);
                drop(all);
                // It is no longer among the oldest.
                lock(&self.ended).retain(|ended| *ended != key);
            }
            None => {
                all.insert(key, watch::Sender::new(Progress::default()));
            }
        }
        true
    }

    pub(super) fn begin_attempt(&self, arn: &str, version: &str) {
        self.change(arn, version, |progress| {
            let attempts = &mut progress.rotation.attempts;
            if attempts.len() == MAX_ATTEMPTS {
                attempts.remove(0);
            }
            attempts.push(Attempt::default());
        });
    }

    pub(super) fn add(&self, arn: &str, version: &str, result: StepResult) {
        self.change(arn, version, |progress| {
            if let Some(attempt) = progress.rotation.attempts.last_mut() {
                attempt.steps.push(result);
            }
        });
    }

    pub(super) fn end(&self, arn: &str, version: &str, succeeded: bool) {
        self.change(arn, version, |progress| {
            progress.rotation.succeeded = succeeded;
            progress.ended = true;
        });
        let mut ended = lock(&self.ended);
        ended.push_back(key(arn, version));
        if ended.len() > MAX_ENDED {
            self.forget(ended.pop_front());
        }
    }

    /// Forgets a rotation that has ended, unless it runs again.
    fn forget(&self, oldest: Option<(String, String)>) {
        let mut all = lock(&self.by_version);
        if let Some(key) = oldest.filter(|key| all.get(key).is_some_and(|sender| sender.borrow().ended)) {
            all.remove(&key);
        }
    }

    /// Whether a rotation of this version is under way.
    pub(super) fn is_under_way(&self, arn: &str, version: &str) -> bool {
        let all = lock(&self.by_version);
        all.get(&key(arn, version)).is_some_and(|sender| !sender.borrow().ended)
    }

    /// The rotation so far, and whether it has ended; `None` if it never began.
    pub(crate) fn get(&self, arn: &str, version: &str) -> Option<(Rotation, bool)> {
        let all = lock(&self.by_version);
        let progress = all.get(&key(arn, version))?.borrow();
        Some((progress.rotation.clone(), progress.ended))
    }

    /// Waits until the rotation has ended. If it never began, returns an empty one at once.
    pub(crate) async fn ended(&self, arn: &str, version: &str) -> Rotation {
        let receiver = lock(&self.by_version).get(&key(arn, version)).map(watch::Sender::subscribe);
        let Some(mut receiver) = receiver else { return Rotation::default() };
        match receiver.wait_for(|progress| progress.ended).await {
            Ok(progress) => progress.rotation.clone(),
            Err(_) => Rotation::default(),
        }
    }

    fn change(&self, arn: &str, version: &str, change: impl FnOnce(&mut Progress)) {
        if let Some(sender) = lock(&self.by_version).get(&key(arn, version)) {
            sender.send_modify(change);
        }
    }
}

fn key(arn: &str, version: &str) -> (String, String) {
    (arn.to_owned(), version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_without_end_are_remembered_up_to_a_number() {
        let rotations = Rotations::default();
        for number in 0..25_000 {
            let version = number.to_string();
            assert!(rotations.begin("arn", &version));
            rotations.begin_attempt("arn", &version);
            rotations.end("arn", &version, true);
        }
        assert_eq!((lock(&rotations.by_version).len(), lock(&rotations.ended).len()), (MAX_ENDED, MAX_ENDED));
        assert!(rotations.get("arn", "14999").is_none() && rotations.get("arn", "15000").is_some());
    }

    #[test]
    fn attempts_without_end_are_remembered_up_to_a_number() {
        let rotations = Rotations::default();
        for _ in 0..25_000 {
            rotations.begin("arn", "version");
            rotations.begin_attempt("arn", "version");
            rotations.end("arn", "version", false);
        }
        let attempts = rotations.get("arn", "version").map(|(rotation, _)| rotation.attempts.len());
        assert_eq!(attempts, Some(MAX_ATTEMPTS));
        assert!(lock(&rotations.ended).len() <= MAX_ENDED);
    }
}
