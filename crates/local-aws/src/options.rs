use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::secrets::DEFAULT_ACCOUNT;
use crate::{AccessKey, ReplicationOptions};

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; loopback only. Port 0 (the default) means any free port.
    pub address: SocketAddr,
    /// The keys of which a request must carry one; several distinguish callers. If there is none (the default), the
    /// server makes a random key, which [`LocalAws::access_key`](crate::LocalAws::access_key) returns.
    pub access_keys: Vec<AccessKey>,
    /// Keys that only rotation functions have; they are accepted as well. By them the server tells a function's
    /// `PutSecretValue` from a person's, as AWS does by the caller's role. If there is none (the default), a pending value
    /// counts as the function's no matter who put it.
    pub function_keys: Vec<AccessKey>,
    /// The account in every ARN (123456789012 unless set): twelve digits.
    pub account: String,
    /// The names of the functions that exist: `RotateSecret` refuses any other. With `None` (the default) every name may
    /// exist, as under `cargo lambda watch`, which builds a function when it is first called; `RotateSecret` then refuses
    /// if nothing accepts connections at `lambda_url`.
    pub functions: Option<Vec<String>>,
    /// Keys of KMS, as a secret's `KmsKeyId` names them, that encrypt and decrypt nothing. `alias/aws/secretsmanager`
    /// stands for secrets that name none.
    pub failing_keys: Vec<String>,
    /// How replicas of secrets follow.
    pub replication: ReplicationOptions,
    /// Where functions are called: the URL before `/2015-03-31/functions/NAME/invocations`.
    pub lambda_url: Option<String>,
    /// How many calls of `PutSecretValue` and `UpdateSecretVersionStage` together are admitted per second; `None` for no
    /// limit. AWS admits [`WRITES_PER_SECOND`](crate::WRITES_PER_SECOND).
    pub writes_per_second: Option<u32>,
    /// How long every call of AWS's APIs waits before it is processed (0 unless set).
    pub latency: Duration,
    /// How many times a rotation is attempted in all; 0 means 1 (5 unless set). AWS does not publish how often it does (user
    /// guide, "Rotation by Lambda function": "multiple times"), so this is a setting.
    pub attempts: u32,
    /// The pause between two attempts (1 s unless set). AWS does not publish this either.
    pub pause: Duration,
    /// How long one call of the function may take (60 s unless set).
    pub invoke_timeout: Duration,
    /// In how many seconds an hour passes on the server's clock, 1 to 3,600 (3,600 unless set, as everywhere). All dates,
    /// recovery windows and schedules are of that clock.
    pub hour_in_seconds: u32,
    /// How far the server's clock is behind at the start (0 unless set, at most 1,000 years), so that what a test makes is that old
    /// once [`LocalAws::advance_clock`](crate::LocalAws::advance_clock) has caught up.
    pub behind: Duration,
    /// Where events are written to as they happen, besides [`LocalAws::events`](crate::LocalAws::events); nowhere unless set.
    pub events: Option<EventOutput>,
    /// The file that keeps secrets between runs, **with their values in clear**. It is created if it does not exist. With
    /// `None` (the default) nothing is written to disk.
    pub state: Option<PathBuf>,
}

/// Where events are written to, one JSON object a line. If its reader falls behind by 10,000 events, it misses some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutput {
    /// The end of this file; it is created if there is none.
    File(PathBuf),
    /// Standard output.
    StandardOutput,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            access_keys: Vec::new(),
            function_keys: Vec::new(),
            account: DEFAULT_ACCOUNT.to_owned(),
            functions: None,
            failing_keys: Vec::new(),
            replication: ReplicationOptions::default(),
            lambda_url: None,
            writes_per_second: None,
            latency: Duration::ZERO,
            attempts: 5,
            pause: Duration::from_secs(1),
            invoke_timeout: Duration::from_secs(60),
            hour_in_seconds: 3_600,
            behind: Duration::ZERO,
            events: None,
            state: None,
        }
    }
}
