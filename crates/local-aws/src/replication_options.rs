use std::time::Duration;

/// How replicas of secrets follow their primaries. AWS publishes neither how long that takes nor what makes it fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicationOptions {
    /// How long after a change of the primary a replica has it; `ReplicationStatus` is `InProgress` until then. With 0 (the
    /// default) it has it at the end of the same call.
    pub delay: Duration,
    /// Regions, such as `eu-west-1`, in which every replication fails: replicas there keep what they have.
    pub failing_regions: Vec<String>,
}
