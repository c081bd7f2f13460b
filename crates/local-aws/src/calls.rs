use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value as Json;

use crate::AccessKey;
use crate::service::lock;

/// One call that the server answered, or was told to fail. It never holds a value, a tag or a rotation token. Requests
/// without a key of the server are no calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Counts from 1 since the start of the server or the last clearing.
    pub sequence: u64,
    /// The operation's name, as `GetSecretValue` or `DescribeDBInstances`.
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
    /// The code of the error that was answered; `Dropped` if the request was dropped on purpose.
    pub error: Option<String>,
    /// Who called, by the access key; not in JSON, which is printed.
    #[serde(skip)]
    pub access_key: AccessKey,
}

/// Who called what, on which secret or server. Unlike the calls, it is never forgotten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The access key of the request.
    pub access_key: AccessKey,
    /// The operation's name.
    pub operation: String,
    /// The secret as the caller named it; for RDS, the identifier.
    pub secret_id: Option<String>,
}

impl Call {
    /// A call of which nothing is known yet but who made it.
    pub(crate) fn of(operation: &str, access_key: &AccessKey) -> Self {
        Call {
            sequence: 0,
            operation: operation.to_owned(),
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

    /// What the log keeps of a request to Secrets Manager.
    pub(crate) fn read(operation: &str, access_key: &AccessKey, body: &[u8]) -> Self {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let text = |member: &str| body.get(member).and_then(Json::as_str).map(str::to_owned);
        let stages = body.get("VersionStages").and_then(Json::as_array).into_iter().flatten();
        Call {
            secret_id: text("SecretId").or_else(|| text("Name")),
            version_id: text("VersionId").or_else(|| text("MoveToVersionId")),
            remove_from_version_id: text("RemoveFromVersionId"),
            version_stages: text("VersionStage")
                .into_iter()
                .chain(stages.filter_map(Json::as_str).map(str::to_owned))
                .collect(),
            client_token: text("ClientRequestToken"),
            rotation_token: body.get("RotationToken").is_some(),
            ..Call::of(operation, access_key)
        }
    }
}

/// The calls in the order they were answered.
#[derive(Default)]
pub(crate) struct CallLog {
    calls: Mutex<Vec<Call>>,
    callers: Mutex<BTreeSet<Caller>>,
}

impl CallLog {
    /// Adds a call before its answer is sent, so that whoever has the answer finds the call.
    pub(crate) fn add(&self, mut call: Call) {
        lock(&self.callers).insert(Caller {
            access_key: call.access_key.clone(),
            operation: call.operation.clone(),
            secret_id: call.secret_id.clone(),
        });
        let mut calls = lock(&self.calls);
        call.sequence = calls.len() as u64 + 1;
        calls.push(call);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    pub(crate) fn callers(&self) -> BTreeSet<Caller> {
        lock(&self.callers).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.calls).clear();
    }
}
