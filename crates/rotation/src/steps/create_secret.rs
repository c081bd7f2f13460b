//! createSecret: write a new pending version.

use tracing::info;

use super::in_words;
use crate::edges::Put;
use crate::error::{Error, Refusal};
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Secret, Stage, Tls};

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
    if rotation.strategy.alternates() {
        check_superuser_can_install(event, &current)?;
    }

    let text = current.next_version(&next, rotation.policy)?;
    let token = event.rotation_token.as_ref();
    let put = || rotation.store.put_pending(&event.secret_id, &event.version_id, &text, token);
    let doing = format!("write the {}", in_words(Stage::Pending, &event.secret_id));
    match rotation.write(doing, put).await? {
        Put::Written => info!(db.user = %next, "created the pending version"),
        Put::AlreadyWritten => {
            check_is_new(rotation, event, &current).await?;
            info!("the pending version has a value already");
        }
    }
    Ok(())
}

/// Whoever may move labels only can put AWSPENDING on a version whose password is known.
async fn check_is_new(rotation: &Rotation<'_>, event: &RotationEvent, current: &Secret) -> Result<(), Error> {
    let (pending, previous) =
        tokio::join!(rotation.value(event, Stage::Pending), rotation.previous(event, current));
    // One that cannot be read is the next step's to refuse.
    let Some(pending) = rotation.pending_in(event, pending?) else { return Ok(()) };
    let previous = previous?;
    let labelled = [(Stage::Current, Some(current)), (Stage::Previous, previous.as_ref())];
    for (stage, version) in labelled {
        if version.is_some_and(|version| version.password == pending.password) {
            return Err(Refusal::OldPassword { version: event.version_id.clone(), stage }.into());
        }
    }
    Ok(())
}

/// Said before anything is written: the next step could only fail.
fn check_superuser_can_install(event: &RotationEvent, current: &Secret) -> Result<(), Refusal> {
    if current.superuser.is_none() {
        return Err(no_superuser(event));
    }
    if current.tls() == Tls::Forbidden {
        return Err(Refusal::SuperuserNeedsTls);
    }
    Ok(())
}

pub(super) fn no_superuser(event: &RotationEvent) -> Refusal {
    Refusal::Secret {
        which: in_words(Stage::Current, &event.secret_id),
        problems: vec![crate::Problem::new(
            "masterarn",
            "is missing: alternating users need the ARN of a superuser's secret",
        )],
    }
}
