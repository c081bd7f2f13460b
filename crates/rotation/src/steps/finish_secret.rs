//! finishSecret: move AWSCURRENT to the pending version.

use tracing::info;

use super::context::{Context, failed};
use crate::VersionId;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::ports::Move;
use crate::versions::Admission;

/// Moves AWSCURRENT from `current`, the version that has it. Secrets Manager moves AWSPREVIOUS along. AWSPENDING may stay: on the
/// current version it means nothing.
pub(crate) async fn finish_secret(context: &Context<'_>, current: &VersionId) -> Result<(), Error> {
    let (secret, pending) = (&context.event.secret_id, &context.event.version_id);
    let doing = format!("move AWSCURRENT of {secret} from {current} to {pending}");
    let moved = || context.rotation.store.move_current(secret, current, pending);
    if context.write(&*doing, moved).await? == Move::Done {
        info!(version.previous = %current, "the version is current");
        return Ok(());
    }
    // A concurrent run of this step, or a person, moved the label between the two calls.
    match context.describe().await?.admit(pending)? {
        Admission::AlreadyCurrent => Ok(()),
        Admission::Pending { current } => Err(failed(
            doing,
            CallError::failed(Cause::SecretsManager, format!("AWSCURRENT was moved meanwhile, to {current}")),
        )),
    }
}
