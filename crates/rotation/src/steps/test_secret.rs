//! testSecret: prove that the pending version works.

use std::time::Duration;

use tracing::{info, warn};

use super::{failed, no_pending_value};
use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::ports::{Comparison, SignIn, UserSession, Verification};
use crate::server::Server;
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Secret, Stage};

/// How long a repeated sign-in waits for a replica, and how much of the time that is left it leaves for
/// the sign-in and the proof.
const PAUSE: Duration = Duration::from_secs(1);
const RESERVE: Duration = Duration::from_secs(3);

/// Signs in with the pending version, runs a query, and proves that the user is what it should be.
///
/// `RotateImmediately=false` calls only this step, on a version that holds a copy of the current one.
pub(crate) async fn test_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let (versions, pending) = tokio::join!(rotation.describe(event), rotation.value(event, Stage::Pending));
    if versions?.admit(&event.version_id)? == Admission::AlreadyCurrent {
        info!("the version is current already");
        return Ok(());
    }
    let pending = rotation.parse(event, Stage::Pending, pending?, no_pending_value(event))?;
    let server = pending.server(rotation.database.default_port());
    let mut session = match rotation.sign_in(&server, &pending, Stage::Pending).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(answer) => wait_for_replica(rotation, event, &server, &pending, answer).await?,
        SignIn::Expired(answer) => {
            let doing = format!("sign in to {} as {}", server.endpoint, pending.username);
            return Err(failed(doing, CallError::failed(Cause::PasswordExpired, answer)));
        }
    };

    let user = &pending.username;
    let set_by = rotation.strategy.set_by(user);
    let doing = format!("prove what {user} is");
    let Verification { mut differences, comparison } =
        rotation.progress.of(&*doing, session.verify(user, &set_by)).await?;
    rotation.close(session.close()).await;
    if let Some(comparison) = comparison {
        differences.extend(compare_with_outgoing(rotation, event, &server, &pending, &*comparison).await?);
    }
    if differences.is_empty() {
        info!(db.user = %user, "the pending version works");
        return Ok(());
    }
    let differences = differences.join("; ");
    if is_probe(rotation, event, &pending).await? {
        warn!(db.user = %user, "a rotation would find, and mend what it can: {differences}");
        return Ok(());
    }
    Err(failed(doing, CallError::failed(Cause::PrivilegesDiffer, differences)))
}

/// Each of the two users says what it is itself: on some servers no user sees another's account.
async fn compare_with_outgoing(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    server: &Server,
    pending: &Secret,
    comparison: &dyn Comparison,
) -> Result<Vec<String>, Error> {
    let current = rotation.value(event, Stage::Current).await?;
    let current = rotation.parse(event, Stage::Current, current, Refusal::NoCurrent)?;
    if pending.same_credentials(&current) {
        // A probe: there is no other user to compare with.
        return Ok(Vec::new());
    }
    pending.check_replaces(&current)?;
    let sign_in = || comparison.sign_in(&current.username, &current.password);
    let mut session = match rotation.sign_in_by(server, &current, Stage::Current, sign_in).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(answer) | SignIn::Expired(answer) => {
            let doing = format!("sign in to {} as {}", server.endpoint, current.username);
            return Err(failed(doing, CallError::failed(Cause::SignInRefused, answer)));
        }
    };
    let doing = format!("ask {} what it may do", current.username);
    let differences = rotation.progress.of(doing, session.differences()).await?;
    rotation.close(session.close()).await;
    Ok(differences)
}

/// A copy of the current version: nothing is promoted, so what a rotation would mend is no fault yet.
async fn is_probe(rotation: &Rotation<'_>, event: &RotationEvent, pending: &Secret) -> Result<bool, Error> {
    let current = rotation.value(event, Stage::Current).await?;
    let current = rotation.parse(event, Stage::Current, current, Refusal::NoCurrent)?;
    Ok(pending.same_credentials(&current))
}

/// A replica learns of a new password late: repeats the sign-in while there is time, but only there.
async fn wait_for_replica(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    server: &Server,
    pending: &Secret,
    mut answer: String,
) -> Result<Box<dyn UserSession>, Error> {
    let doing =
        format!("sign in to {} as {} with the password of AWSPENDING", server.endpoint, pending.username);
    if !on_replica(rotation, event, server, pending).await? {
        return Err(failed(doing, CallError::failed(Cause::SignInRefused, answer)));
    }
    info!("the server is a replica and refuses the new password; waiting for it to catch up");
    while rotation.clock.left() > PAUSE + RESERVE {
        rotation.clock.sleep(PAUSE).await;
        match rotation.sign_in(server, pending, Stage::Pending).await? {
            SignIn::Accepted(session) => return Ok(session),
            SignIn::Rejected(again) | SignIn::Expired(again) => answer = again,
        }
    }
    let answer = format!("the replica still refuses the password that the writer has ({answer})");
    Err(failed(doing, CallError::failed(Cause::ReplicaLag, answer)))
}

/// Asks the server by way of the current version: only a signed-in user can.
async fn on_replica(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    server: &Server,
    pending: &Secret,
) -> Result<bool, Error> {
    let current = rotation.value(event, Stage::Current).await?;
    let current = rotation.parse(event, Stage::Current, current, Refusal::NoCurrent)?;
    if pending.check_replaces(&current).is_err() || pending.same_credentials(&current) {
        return Ok(false);
    }
    match rotation.sign_in(server, &current, Stage::Current).await? {
        SignIn::Rejected(_) | SignIn::Expired(_) => Ok(false),
        SignIn::Accepted(mut session) => {
            let doing = format!("ask {} whether it is a replica", server.endpoint);
            let replica = rotation.progress.of(doing, session.on_replica()).await?;
            rotation.close(session.close()).await;
            Ok(replica)
        }
    }
}
