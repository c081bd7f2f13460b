//! createSecret: write a new pending version.

use tracing::info;

use super::in_words;
use crate::error::{Error, Refusal};
use crate::ports::Put;
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Secret, SecretText, Stage, Tls};

/// Gives the pending version a value: the current one with the next user and a new password.
///
/// A version's value is immutable, so a repeat or a twin of this step writes nothing, whoever was first.
pub(crate) async fn create_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let (versions, current) = tokio::join!(rotation.describe(event), rotation.value(event, Stage::Current));
    if versions?.admit(&event.version_id)? == Admission::AlreadyCurrent {
        info!("the version is current already");
        return Ok(());
    }
    let text = current?.ok_or(Refusal::NoCurrent)?;
    let current = rotation.parse_named(&text, &in_words(Stage::Current, &event.secret_id))?;

    let next = rotation.strategy.next_user(&current.username);
    rotation.check_name(&next, &current.engine)?;
    if rotation.strategy.alternates() {
        check_superuser_can_install(event, &current)?;
    }

    let pending = current.next_version(&next, rotation.policy)?;
    let token = event.rotation_token.as_ref();
    let put = || rotation.store.put_pending(&event.secret_id, &event.version_id, &pending, token);
    let doing = format!("write the {}", in_words(Stage::Pending, &event.secret_id));
    match rotation.write(doing, put).await? {
        Put::Written => info!(db.user = %next, "created the pending version"),
        Put::AlreadyWritten => {
            check_is_new(rotation, event, &text).await?;
            info!("the pending version has a value already");
        }
    }
    Ok(())
}

/// Whoever may move labels only can put AWSPENDING on a version whose password is known: all that such a version can be is
/// older than AWSCURRENT.
async fn check_is_new(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    current: &SecretText,
) -> Result<(), Error> {
    let pending = rotation.value(event, Stage::Pending).await?;
    if pending.is_some_and(|pending| pending.is_older_than(current)) {
        return Err(Refusal::OldVersion { version: event.version_id.clone() }.into());
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
