//! How long a call to a server may take.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rotation::{CallError, Cause, Endpoint};

use crate::network_errors::not_understood;

/// How long a call to a server may take. The Lambda deadline bounds both again.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Name resolution, TCP, TLS and sign-in: 25 s unless set. A caller that waits for less drops the call.
    pub connect: Duration,
    /// One transaction, or what stands for it: 20 s unless set. A PostgreSQL server gives up on a statement after 15 s and
    /// on a lock after 2 s, MySQL on a lock after 5 s, MariaDB on a statement after 15 s.
    pub transaction: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(25), transaction: Duration::from_secs(20) }
    }
}

/// Runs a call within a limit. The drivers panic at truncated messages: no server may end the process by that.
pub(crate) async fn within<T>(
    limit: Duration,
    endpoint: &Endpoint,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let mut call = pin!(call);
    let caught = poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        poll.unwrap_or_else(|_| Poll::Ready(Err(not_understood(endpoint))))
    });
    tokio::time::timeout(limit, caught).await.unwrap_or_else(|_| {
        let what = format!("{endpoint} did not respond within {} s", limit.as_secs());
        Err(CallError::failed(Cause::NotAnswering, what))
    })
}
