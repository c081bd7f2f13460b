//! finishSecret: move AWSCURRENT to the pending version.

use tracing::info;

use super::context::{Context, failed};
use super::regions::Changed;
use crate::VersionId;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::ports::Move;
use crate::versions::Admission;

/// Moves AWSCURRENT from `current`, the version that has it. Secrets Manager moves AWSPREVIOUS along. AWSPENDING may stay: on the
/// current version it means nothing. Then waits until every region has the version; if one does not, AWSCURRENT stays where it
/// is now, and the next attempt only looks again.
pub(crate) async fn finish_secret(context: &Context<'_>, current: &VersionId) -> Result<(), Error> {
    let (secret, pending) = (&context.event.secret_id, &context.event.version_id);
    let doing = format!("move AWSCURRENT of {secret} from {current} to {pending}");
    let moved = || context.rotation.store.move_current(secret, current, pending);
    if context.write(&*doing, moved).await? == Move::Done {
        info!(version.previous = %current, "the version is current");
        return context.current_is_everywhere(Changed::Now).await;
    }
    // A concurrent run of this step, or a person, moved the label between the two calls.
    match context.describe().await?.admit(pending)? {
        Admission::AlreadyCurrent => context.current_is_everywhere(Changed::Now).await,
        Admission::Pending { current } => Err(failed(
            doing,
            CallError::failed(Cause::LabelMoved, format!("AWSCURRENT was moved meanwhile, to {current}")),
        )),
    }
}

/// finishSecret of a version that is AWSCURRENT already: an earlier attempt may have ended while a region was behind.
pub(crate) async fn look_at_regions(context: &Context<'_>) -> Result<(), Error> {
    context.current_is_everywhere(Changed::Earlier).await
}
