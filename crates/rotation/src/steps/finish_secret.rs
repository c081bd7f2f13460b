//! finishSecret: move AWSCURRENT to the pending version.

use tracing::info;

use super::failed;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::ports::Move;
use crate::versions::Admission;
use crate::{Rotation, RotationEvent};

/// Moves AWSCURRENT, which takes AWSPREVIOUS along by itself. AWSPENDING may stay: on the current version it
/// means nothing.
pub(crate) async fn finish_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let Admission::Pending { current } = rotation.describe(event).await?.admit(&event.version_id)? else {
        info!("the version is current already");
        return Ok(());
    };
    let secret = &event.secret_id;
    let doing = format!("move AWSCURRENT of {secret} from {current} to {}", event.version_id);
    let moved = || rotation.store.move_current(secret, &current, &event.version_id);
    if rotation.write(&*doing, moved).await? == Move::Done {
        info!(version.previous = %current, "the version is current");
        return Ok(());
    }
    // Somebody moved the label between the two calls: this step's twin, or a person.
    match rotation.describe(event).await?.admit(&event.version_id)? {
        Admission::AlreadyCurrent => Ok(()),
        Admission::Pending { current } => Err(failed(
            doing,
            CallError::failed(Cause::SecretsManager, format!("AWSCURRENT was moved meanwhile, to {current}")),
        )),
    }
}
