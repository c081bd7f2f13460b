//! createSecret: write a new pending version.

use tracing::info;

use super::in_words;
use crate::edges::Put;
use crate::error::{Error, Refusal};
use crate::strategies::Installer;
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Stage};

/// Gives the pending version a value: the current one with the next user and a new password.
///
/// A version's value is immutable, so a repeat or a twin of this step writes nothing, whoever was first.
pub(crate) async fn create_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let (versions, current) = tokio::join!(rotation.describe(event), rotation.value(event, Stage::Current));
    if versions?.admit(&event.version_id)? == Admission::AlreadyCurrent {
        info!("the version is current already");
        return Ok(());
    }
    let current = rotation.parse(event, Stage::Current, current?, Refusal::NoCurrent)?;

    let next = rotation.strategy.next_user(&current.username);
    rotation.check_name(&next, &current.engine)?;
    let superuser_installs = matches!(rotation.strategy.installer(&next), Installer::Superuser(_));
    if superuser_installs && current.superuser.is_none() {
        return Err(no_superuser(event).into());
    }

    let text = current.next_version(&next, rotation.policy)?;
    let token = event.rotation_token.as_ref();
    let put = || rotation.store.put_pending(&event.secret_id, &event.version_id, &text, token);
    let doing = format!("write the {}", in_words(Stage::Pending, &event.secret_id));
    match rotation.write(doing, put).await? {
        Put::Written => info!(db.user = %next, "created the pending version"),
        Put::AlreadyWritten => info!("the pending version has a value already"),
    }
    Ok(())
}

/// Said before anything is written: without a superuser the next step could only fail.
pub(super) fn no_superuser(event: &RotationEvent) -> Refusal {
    Refusal::Secret {
        which: in_words(Stage::Current, &event.secret_id),
        problems: vec![crate::Problem::new(
            "masterarn",
            "is missing: alternating users need the ARN of a superuser's secret",
        )],
    }
}
