use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value as Json;

use crate::AccessKey;
use crate::lock::lock;

/// One call that the server responded to, or failed as planned. It never holds a value, a tag or a rotation token.
/// Requests without one of the server's keys are not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The position in the log, from 1; it starts again when the log is cleared.
    pub sequence: u64,
    /// The operation, such as `GetSecretValue` or `DescribeDBInstances`.
    pub operation: String,
    /// The secret as the caller named it; for RDS, the identifier.
    pub secret_id: Option<String>,
    /// `VersionId`, or `MoveToVersionId` of `UpdateSecretVersionStage`.
    pub version_id: Option<String>,
    /// `RemoveFromVersionId` of `UpdateSecretVersionStage`.
    pub remove_from_version_id: Option<String>,
    /// `VersionStage` or `VersionStages`.
    pub version_stages: Vec<String>,
    /// `ClientRequestToken`.
    pub client_token: Option<String>,
    /// Whether `PutSecretValue` carried a rotation token.
    pub rotation_token: bool,
    /// The code of the error response; `Dropped` if the request was dropped, as planned.
    pub error: Option<String>,
    /// The caller's access key; not in the JSON form, which is printed.
    #[serde(skip)]
    pub access_key: AccessKey,
}

/// One combination of caller, operation, and secret or server. Unlike the calls, these are kept when the log is cleared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The access key of the request.
    pub access_key: AccessKey,
    /// The operation.
    pub operation: String,
    /// The secret as the caller named it; for RDS, the identifier.
    pub secret_id: Option<String>,
}

impl Call {
    /// A call of which only the operation and the caller are known.
    pub(crate) fn of(operation: &str, access_key: &AccessKey) -> Self {
        Call {
            sequence: 0,
            operation: shortened(operation),
            secret_id: None,
            version_id: None,
            remove_from_version_id: None,
            version_stages: Vec::new(),
            client_token: None,
            rotation_token: false,
            error: None,
            access_key: access_key.clone(),
        }
    }

    /// A call of Secrets Manager, read from its request.
    pub(crate) fn read(operation: &str, access_key: &AccessKey, body: &[u8]) -> Self {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let text = |member: &str| body.get(member).and_then(Json::as_str).map(shortened);
        let stages = body.get("VersionStages").and_then(Json::as_array).into_iter().flatten();
        Call {
            secret_id: text("SecretId").or_else(|| text("Name")),
            version_id: text("VersionId").or_else(|| text("MoveToVersionId")),
            remove_from_version_id: text("RemoveFromVersionId"),
            version_stages: text("VersionStage")
                .into_iter()
                .chain(stages.filter_map(Json::as_str).take(MAX_STAGES).map(shortened))
                .collect(),
            client_token: text("ClientRequestToken"),
            rotation_token: body.get("RotationToken").is_some(),
            ..Call::of(operation, access_key)
        }
    }
}

/// The longest text that is kept of a request, in characters: that of the longest id (API reference, `SecretId`). Requests
/// that are refused may have longer ones.
const MAX_TEXT: usize = 2_048;
/// The most labels that are kept of a request: those that one may have (API reference, `VersionStages`).
const MAX_STAGES: usize = 20;

pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// How many calls are kept; older ones are dropped, so that a server that runs for long does not grow. Also how many
/// different callers are.
const MAX_CALLS: usize = 100_000;

/// The newest calls, in the order of their responses.
#[derive(Default)]
pub(crate) struct CallLog {
    calls: Mutex<VecDeque<Call>>,
    callers: Mutex<BTreeSet<Caller>>,
}

impl CallLog {
    /// Adds a call. The caller adds it before it sends the response, so that a client that has the response finds the call.
    pub(crate) fn add(&self, mut call: Call) {
        let mut callers = lock(&self.callers);
        if callers.len() < MAX_CALLS {
            callers.insert(Caller {
                access_key: call.access_key.clone(),
                operation: call.operation.clone(),
                secret_id: call.secret_id.clone(),
            });
        }
        drop(callers);
        let mut calls = lock(&self.calls);
        call.sequence = calls.back().map_or(1, |last| last.sequence + 1);
        if calls.len() == MAX_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        lock(&self.calls).iter().cloned().collect()
    }

    pub(crate) fn callers(&self) -> BTreeSet<Caller> {
        lock(&self.callers).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.calls).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_callers_without_end_are_kept_up_to_a_number() {
        let log = CallLog::default();
        let key = AccessKey::random();
        for number in 0..150_000 {
            let secret_id = Some(number.to_string());
            log.add(Call { secret_id, ..Call::of("GetSecretValue", &key) });
        }
        assert_eq!((log.all().len(), log.callers().len()), (MAX_CALLS, MAX_CALLS));
        assert_eq!(log.all().last().map(|call| call.sequence), Some(150_000));
    }
}
