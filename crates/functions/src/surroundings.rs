//! The function as a diagnosis and a watch see it.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use rotation::ports::Surroundings;
use rotation::{CallError, Cause};

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(4);

/// One invocation.
pub(crate) struct Invocation {
    /// The ARN by which it came.
    pub(crate) function: String,
    pub(crate) time_limit: Duration,
    pub(crate) overdue_after: Duration,
}

#[async_trait]
impl Surroundings for Invocation {
    fn function(&self) -> &str {
        &self.function
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    fn overdue_after(&self) -> Duration {
        self.overdue_after
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, CallError> {
        let failed =
            || CallError::failed(Cause::NameNotResolved, format!("the name {host} was not resolved"));
        let found = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((host, 443))).await;
        let mut addresses: Vec<_> =
            found.map_err(|_| failed())?.map_err(|_| failed())?.map(|address| address.ip()).collect();
        addresses.sort();
        Ok(addresses)
    }
}
