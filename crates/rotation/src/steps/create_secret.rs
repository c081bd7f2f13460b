//! createSecret: write a new pending version.

use tracing::info;

use super::context::Context;
use super::idle_user::check_has_version;
use crate::error::{Error, Refusal};
use crate::ports::Put;
use crate::secret::Secret;
use crate::server::Tls;
use crate::strategy::SetBy;
use crate::versions::{Stage, describe_version};

/// Gives the pending version a value: the current one with the next user and a new password.
///
/// A version's value is immutable, so a repeat or a concurrent run of this step writes nothing if another was first.
pub(crate) async fn create_secret(context: &Context<'_>) -> Result<(), Error> {
    let (rotation, event) = (context.rotation, context.event);
    let current = context.current().await?;

    let next = rotation.strategy.next_user(&current.username);
    context.check_name(&next, &current.engine)?;
    // Checked before anything is written: the next step could only fail.
    match rotation.strategy.set_by(&next, current.superuser.as_ref()) {
        SetBy::Superuser(..) if current.tls() == Tls::Forbidden => {
            return Err(Refusal::SuperuserNeedsTls.into());
        }
        SetBy::IdleUser(alternation) => check_has_version(context, &alternation).await?,
        SetBy::Superuser(..) | SetBy::User(_) => {}
    }

    let pending = current.next_version(&next, rotation.policy)?;
    let token = event.rotation_token.as_ref();
    let put = || rotation.store.put_pending(&event.secret_id, &event.version_id, &pending, token);
    let doing = format!("write the {}", describe_version(Stage::Pending, &event.secret_id));
    match context.write(doing, put).await? {
        Put::Written => info!(db.user = %next, "created the pending version"),
        Put::AlreadyWritten => {
            check_is_new(context, current).await?;
            info!("the pending version has a value already");
        }
    }
    Ok(())
}

/// A caller that may only move labels can put AWSPENDING on a version whose password it knows. Such a version is older than
/// AWSCURRENT.
async fn check_is_new(context: &Context<'_>, current: &Secret) -> Result<(), Error> {
    let pending = context.value(Stage::Pending).await?;
    if pending.is_some_and(|pending| current.is_newer_than(&pending)) {
        return Err(Refusal::OldVersion { version: context.event.version_id.clone() }.into());
    }
    Ok(())
}
