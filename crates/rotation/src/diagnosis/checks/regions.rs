//! Whether the replicas in other regions have what the primary has.

use super::{Facts, Judgement};
use crate::replication::Arrival;

pub(super) fn judge(facts: &Facts) -> Judgement {
    let Ok(described) = &facts.described else { return Judgement::skipped("the secret was not described") };
    if described.replication.replicas.is_empty() {
        return Judgement::pass("there are none");
    }
    match described.replication.arrival(&facts.secret) {
        Arrival::Everywhere => {
            Judgement::pass(format!("{} are in sync", described.replication.replicas.len()))
        }
        Arrival::Pending(what) => Judgement::warn(what, crate::Cause::ReplicationPending.remedy()),
        Arrival::Failed(what) => Judgement::fail(what, crate::Cause::ReplicationFailed.remedy()),
    }
}
