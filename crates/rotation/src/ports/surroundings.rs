//! What a function knows of itself and of its network, for a diagnosis and a watch.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::error::CallError;

/// The function that runs, and where.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The ARN by which it was invoked, which may end in a version or an alias.
    fn function(&self) -> &str;

    /// How long an invocation may take.
    fn time_limit(&self) -> Duration;

    /// How much later than it is due a rotation may succeed.
    fn overdue_after(&self) -> Duration;

    /// The wall clock.
    fn now(&self) -> SystemTime;

    /// The addresses to which a name resolves here.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, CallError>;
}
