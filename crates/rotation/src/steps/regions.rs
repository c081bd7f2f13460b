//! Waiting for a secret's replicas in other regions.
//!
//! Applications there sign in with the replica's AWSCURRENT. A replica that is behind names a password that the next change may
//! end: so no password is changed before every region has what is stored, and no rotation has ended before every region has
//! the version that is current.

use std::time::Duration;

use rand::RngExt;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tracing::info;

use super::context::Context;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::replication::{Arrival, Replication};

/// From when on after a change a status counts. Whether `DescribeSecret` shows `InProgress` from the very change on is not
/// published: a status that is read sooner may be the one of before.
const SETTLE: Duration = Duration::from_secs(2);

/// The first pause between two looks and the longest. Each is twice the one before, give or take a quarter.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// A password may be changed. A rotation that is given up meanwhile changes none.
    Change,
    /// The step may respond.
    Response,
}

impl Until {
    /// What is left of the step's time for what follows, or half of it: a sign-in of 5 s and a transaction of 20 s, or the last
    /// look and the response.
    fn reserve(self) -> Duration {
        match self {
            Self::Change => Duration::from_secs(25),
            Self::Response => Duration::from_secs(3),
        }
    }
}

/// When the secret was last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    /// Just now: what was described at the start is of before.
    Now,
    /// Before it was described at the start.
    Earlier,
}

impl Context<'_> {
    /// Whether [`Self::pending_is_everywhere`] would wait or fail.
    pub(super) fn has_to_wait_for_regions(&self) -> bool {
        let seen = self.replication();
        let is_everywhere = seen.arrival(&self.event.secret_id) == Arrival::Everywhere;
        !(seen.replicas.is_empty() || is_everywhere && unsettled(&seen).is_zero())
    }

    /// Before a password is changed: waits until every region has the pending version, and with it the present AWSCURRENT. No
    /// call if there are no replicas, or all have both already.
    pub(super) async fn pending_is_everywhere(&self) -> Result<(), Error> {
        let version = &self.event.version_id;
        let doing = format!("have version {version} in every region before its password is set");
        self.wait_for_regions(doing, self.replication(), Until::Change).await
    }

    /// After AWSCURRENT has moved: waits until every region has it. No call if there are no replicas, or AWSCURRENT moved
    /// earlier and all have it already.
    pub(super) async fn current_is_everywhere(&self, changed: Changed) -> Result<(), Error> {
        let doing = format!("have version {}, which is AWSCURRENT, in every region", self.event.version_id);
        let mut seen = self.replication();
        if changed == Changed::Now {
            seen.since_change = Some(Duration::ZERO);
        }
        self.wait_for_regions(doing, seen, Until::Response).await
    }

    async fn wait_for_regions(&self, doing: String, seen: Replication, until: Until) -> Result<(), Error> {
        if seen.replicas.is_empty() {
            return Ok(());
        }
        self.rotation.progress.of(doing, self.look_until_everywhere(seen, until)).await
    }

    async fn look_until_everywhere(&self, mut seen: Replication, until: Until) -> Result<(), CallError> {
        let Self { rotation, event, .. } = self;
        let reserve = until.reserve().min(rotation.clock.left() / 2);
        let (mut settles_in, mut next_pause) = (unsettled(&seen), PAUSES.0);
        loop {
            let (pause, behind) = if settles_in.is_zero() {
                let behind = match seen.arrival(&event.secret_id) {
                    Arrival::Everywhere => return Ok(()),
                    Arrival::Failed(said) => return Err(CallError::failed(Cause::ReplicationFailed, said)),
                    Arrival::Pending(regions) => regions,
                };
                let pause = next_pause.mul_f64(UnwrapErr(SysRng).random_range(0.75..=1.25));
                next_pause = (next_pause * 2).min(PAUSES.1);
                (pause, behind)
            } else {
                (std::mem::take(&mut settles_in), seen.unknown())
            };
            if rotation.clock.left() < pause + reserve {
                return Err(CallError::failed(Cause::ReplicationPending, behind));
            }
            info!(pause_ms = pause.as_millis(), "waiting until every region has this version of the secret");
            rotation.clock.sleep(pause).await;
            let versions = rotation.store.describe(&event.secret_id).await?;
            if until == Until::Change {
                self.check_still_pending(&versions)?;
            }
            seen = versions.replication;
        }
    }
}

/// How long it takes until a status counts.
fn unsettled(seen: &Replication) -> Duration {
    SETTLE.saturating_sub(seen.since_change.unwrap_or_default())
}
