//! setSecret: put the pending password in the database.

use std::fmt::Display;

use tracing::{info, warn};

use super::SIGN_INS;
use super::alternate::{StoredSecrets, alternate};
use super::no_pending_value;
use super::other_versions::{Candidate, SignIns};
use crate::error::{Error, Refusal};
use crate::ports::{Change, ProofOfOtherUser, SignIn, UserSession};
use crate::server::Server;
use crate::strategies::{OldPassword, SetBy};
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Secret, SecretText, Stage};

/// Installs the pending password. Whatever happens, a stored version that signed in before still does.
pub(crate) async fn set_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let (versions, current, pending, previous) = tokio::join!(
        rotation.describe(event),
        rotation.value(event, Stage::Current),
        rotation.value(event, Stage::Pending),
        previous_for_a_proof(rotation, event),
    );
    if versions?.admit(&event.version_id)? == Admission::AlreadyCurrent {
        info!("the version is current already");
        return Ok(());
    }
    let current = rotation.parse(event, Stage::Current, current?, Refusal::NoCurrent)?;
    let pending = rotation.parse(event, Stage::Pending, pending?, no_pending_value(event))?;

    pending.check_replaces(&current)?;
    let expected = rotation.strategy.next_user(&current.username);
    if pending.username != expected {
        return Err(Refusal::WrongUser { pending: pending.username, expected }.into());
    }

    match rotation.strategy.set_by(&pending.username) {
        SetBy::User(old) => by_the_user(rotation, event, &current, &pending, old).await?,
        SetBy::Superuser(alternation) => {
            let stored = StoredSecrets { current: &current, pending: &pending, previous: previous? };
            alternate(rotation, event, stored, &alternation).await?;
        }
    }
    info!(db.user = %pending.username, "set the password");
    Ok(())
}

/// Read with the others where every turn takes it; else only once it is needed.
async fn previous_for_a_proof(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
) -> Result<Option<SecretText>, Error> {
    let takes_it = rotation.strategy.alternates()
        && rotation.database.proof_of_other_user() == ProofOfOtherUser::StoredVerifier;
    if takes_it { rotation.value(event, Stage::Previous).await } else { Ok(None) }
}

/// Current first, so that in the happy path no sign-in fails: nothing trips an alarm or a lock-out.
async fn by_the_user(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    current: &Secret,
    pending: &Secret,
    old: OldPassword,
) -> Result<(), Error> {
    let server = current.server(rotation.database.default_port());
    let answer = match rotation.sign_in(&server, current, Stage::Current).await? {
        SignIn::Accepted(session) => return install(rotation, session, current, pending, old).await,
        SignIn::Expired(answer) => return expired(rotation, current, pending, old, answer).await,
        SignIn::Rejected(answer) => answer,
    };
    // An earlier attempt got through.
    match rotation.sign_in(&server, pending, Stage::Pending).await? {
        SignIn::Accepted(session) => {
            info!("the pending password was set already");
            return finish(rotation, session, pending, old).await;
        }
        SignIn::Expired(answer) => return expired(rotation, pending, pending, old, answer).await,
        SignIn::Rejected(_) => {}
    }
    let fall_back = FallBack { rotation, server: &server, pending, old };
    let mut sign_ins = SignIns::of(&pending.username, &[current, pending], SIGN_INS - 2);
    let previous = rotation.previous(event, current).await?;
    if let Some(previous) = &previous
        && sign_ins.candidate(previous) == Candidate::Try
        && fall_back.rotates_with(&Stage::Previous, previous).await?
    {
        return Ok(());
    }
    let unlabelled = rotation.unlabelled(event, current).await?;
    let mut untried = Vec::new();
    for (id, version) in &unlabelled.read {
        match sign_ins.candidate(version) {
            Candidate::Try if fall_back.rotates_with(&format!("version {id}"), version).await? => {
                return Ok(());
            }
            Candidate::Try | Candidate::PassOver => {}
            Candidate::LeaveUntried => untried.push(id.clone()),
        }
    }
    untried.extend(unlabelled.unread);
    let username = current.username.clone();
    let remedy = rotation.database.manual_remedy(&username);
    Err(Refusal::NoVersionSignsIn { username, current: answer, untried, remedy }.into())
}

/// Versions beside AWSCURRENT and the pending one, of which a rotation that was given up may have installed one.
struct FallBack<'a> {
    rotation: &'a Rotation<'a>,
    server: &'a Server,
    pending: &'a Secret,
    old: OldPassword,
}

impl FallBack<'_> {
    /// Installs the pending password as `version`; false where that does not sign in.
    async fn rotates_with(&self, name: &impl Display, version: &Secret) -> Result<bool, Error> {
        let Self { rotation, server, pending, old } = self;
        let sign_in = rotation.sign_in(server, version, name).await?;
        if !matches!(sign_in, SignIn::Rejected(_)) {
            warn!(db.user = %pending.username, "AWSCURRENT is refused; rotating with {name}");
        }
        match sign_in {
            SignIn::Accepted(session) => install(rotation, session, version, pending, *old).await?,
            SignIn::Expired(answer) => expired(rotation, version, pending, *old, answer).await?,
            SignIn::Rejected(_) => return Ok(false),
        }
        Ok(true)
    }
}

/// The user itself, signed in as `used`, or, where the server lets no user do that, the superuser: this session
/// is the proof that whoever wrote the secret owns the user.
async fn install(
    rotation: &Rotation<'_>,
    mut session: Box<dyn UserSession>,
    used: &Secret,
    pending: &Secret,
    old: OldPassword,
) -> Result<(), Error> {
    let user = &pending.username;
    let change = session.change_own_password(user, &used.password, &pending.password, old);
    let change = rotation.progress.of(format!("set the password of {user}"), change).await?;
    rotation.close(session.close()).await;
    match change {
        Change::Made => Ok(()),
        Change::NotAllowed(answer) => {
            warn!(db.user = %user, "the user may not change its own password; the superuser does");
            by_the_superuser_instead(rotation, used, pending, answer).await
        }
    }
}

/// What an attempt that was broken off after the new password was set may have left undone.
async fn finish(
    rotation: &Rotation<'_>,
    mut session: Box<dyn UserSession>,
    pending: &Secret,
    old: OldPassword,
) -> Result<(), Error> {
    let doing = format!("end the former passwords of {}", pending.username);
    rotation.progress.of(doing, session.finish_own_change(old)).await?;
    rotation.close(session.close()).await;
    Ok(())
}

/// The server said "right password, but expired": that is a proof as well, and all that it lets this user do.
async fn expired(
    rotation: &Rotation<'_>,
    used: &Secret,
    pending: &Secret,
    old: OldPassword,
    answer: String,
) -> Result<(), Error> {
    let username = used.username.clone();
    match old {
        OldPassword::Discard => {
            warn!(db.user = %username, "the password has expired; the superuser sets the next one");
            by_the_superuser_instead(rotation, used, pending, answer).await
        }
        OldPassword::Retain => {
            let remedy = rotation.database.manual_remedy(&username);
            Err(Refusal::ExpiredAlone { username, answer, remedy }.into())
        }
    }
}

/// Only after a stored version proved itself in this step. What the pending version says of server and superuser
/// is what the current one says (`Secret::check_replaces`).
async fn by_the_superuser_instead(
    rotation: &Rotation<'_>,
    used: &Secret,
    pending: &Secret,
    answer: String,
) -> Result<(), Error> {
    let user = &pending.username;
    let Some(id) = &pending.superuser else {
        return Err(Refusal::NoSuperuser { username: user.clone(), answer }.into());
    };
    let server = pending.server(rotation.database.default_port());
    let superuser = rotation.superuser(id, &server).await?;
    let mut session = rotation.sign_in_superuser(&superuser).await?;
    let install = session.install_password(user, &used.password, &pending.password);
    rotation.progress.of(format!("set the password of {user}"), install).await?;
    rotation.close(session.close()).await;
    Ok(())
}
