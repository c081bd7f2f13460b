//! setSecret: put the pending password in the database.

use std::error::Error as _;

use tracing::{info, warn};

use super::create_secret::no_superuser;
use super::no_pending_value;
use crate::edges::{Change, Session, SignIn};
use crate::error::{Error, Refusal};
use crate::strategies::{Former, Installer, Next, Turn};
use crate::target::Server;
use crate::versions::Admission;
use crate::{Rotation, RotationEvent, Secret, Stage};

/// Installs the pending password. Whatever happens, a stored version that signed in before still does.
pub(crate) async fn set_secret(rotation: &Rotation<'_>, event: &RotationEvent) -> Result<(), Error> {
    let (versions, current, pending) = tokio::join!(
        rotation.describe(event),
        rotation.value(event, Stage::Current),
        rotation.value(event, Stage::Pending),
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

    match rotation.strategy.installer(&pending.username) {
        Installer::TheUser(former) => by_the_user(rotation, event, &current, &pending, former).await?,
        Installer::Superuser(turn) => by_the_superuser(rotation, event, &current, &pending, &turn).await?,
    }
    info!(db.user = %pending.username, "set the password");
    Ok(())
}

/// Current first, so that in the happy path no sign-in fails: nothing trips an alarm or a lock-out.
async fn by_the_user(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    current: &Secret,
    pending: &Secret,
    former: Former,
) -> Result<(), Error> {
    let server = current.server(rotation.database.default_port());
    let answer = match rotation.sign_in(&server, current, Stage::Current).await? {
        SignIn::Accepted(session) => return install(rotation, session, current, pending, former).await,
        SignIn::Expired(answer) => return expired(rotation, current, pending, former, answer).await,
        SignIn::Refused(answer) => answer,
    };
    // An earlier attempt got through.
    match rotation.sign_in(&server, pending, Stage::Pending).await? {
        SignIn::Accepted(session) => {
            rotation.leave(session).await;
            info!("the pending password was set already");
            return Ok(());
        }
        SignIn::Expired(answer) => return expired(rotation, current, pending, former, answer).await,
        SignIn::Refused(_) => {}
    }
    if let Some(previous) = previous_of(rotation, event, current).await? {
        let fell_back =
            || warn!(db.user = %current.username, "AWSCURRENT is refused; rotating with AWSPREVIOUS");
        match rotation.sign_in(&server, &previous, Stage::Previous).await? {
            SignIn::Accepted(session) => {
                fell_back();
                return install(rotation, session, &previous, pending, former).await;
            }
            SignIn::Expired(answer) => {
                fell_back();
                return expired(rotation, current, pending, former, answer).await;
            }
            SignIn::Refused(_) => {}
        }
    }
    let username = current.username.clone();
    let remedy = rotation.database.by_hand(&username);
    Err(Refusal::NoVersionSignsIn { username, current: answer, remedy }.into())
}

/// AWSPREVIOUS, where it is for the same user at the same server. One that is not a secret of ours is none.
async fn previous_of(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    current: &Secret,
) -> Result<Option<Secret>, Error> {
    let Some(text) = rotation.value(event, Stage::Previous).await? else { return Ok(None) };
    match rotation.parse(event, Stage::Previous, Some(text), Refusal::NoCurrent) {
        Ok(previous) => Ok(Some(previous).filter(|previous| previous.is_for_user_of(current))),
        Err(error) => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            warn!("AWSPREVIOUS is of no use: {reason}");
            Ok(None)
        }
    }
}

/// The user itself, signed in as `used`, or, where the server lets no user do that, the superuser: this session
/// is the proof that whoever wrote the secret owns the user.
async fn install(
    rotation: &Rotation<'_>,
    mut session: Box<dyn Session>,
    used: &Secret,
    pending: &Secret,
    former: Former,
) -> Result<(), Error> {
    let user = &pending.username;
    let change = session.change_own_password(user, &used.password, &pending.password, former);
    let change = rotation.progress.of(format!("set the password of {user}"), change).await?;
    rotation.leave(session).await;
    match change {
        Change::Made => Ok(()),
        Change::NotAllowed(answer) => {
            warn!(db.user = %user, "the user may not change its own password; the superuser does");
            by_the_superuser_instead(rotation, pending, answer).await
        }
    }
}

/// The server said "right password, but expired": that is a proof as well, and all that it lets this user do.
async fn expired(
    rotation: &Rotation<'_>,
    current: &Secret,
    pending: &Secret,
    former: Former,
    answer: String,
) -> Result<(), Error> {
    let username = current.username.clone();
    match former {
        Former::Replaced => {
            warn!(db.user = %username, "the password has expired; the superuser sets the next one");
            by_the_superuser_instead(rotation, pending, answer).await
        }
        Former::Retained => {
            let remedy = rotation.database.by_hand(&username);
            Err(Refusal::ExpiredAlone { username, answer, remedy }.into())
        }
    }
}

/// Only after a stored version proved itself in this step. What the pending version says of server and superuser
/// is what the current one says (`Secret::check_replaces`).
async fn by_the_superuser_instead(
    rotation: &Rotation<'_>,
    pending: &Secret,
    answer: String,
) -> Result<(), Error> {
    let user = &pending.username;
    let Some(id) = &pending.superuser else {
        return Err(Refusal::NoSuperuser { username: user.clone(), answer }.into());
    };
    let server = pending.server(rotation.database.default_port());
    let mut superuser = rotation.superuser(id, &server.endpoint).await?;
    let install = superuser.session.install_password(user, &pending.password);
    rotation.progress.of(format!("set the password of {user}"), install).await?;
    rotation.leave(superuser.session).await;
    Ok(())
}

/// Current proves itself before the superuser's secret is touched: else whoever may write this secret
/// could borrow the superuser.
async fn by_the_superuser(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    current: &Secret,
    pending: &Secret,
    turn: &Turn,
) -> Result<(), Error> {
    let mut server = current.server(rotation.database.default_port());
    let mut session = match rotation.sign_in(&server, current, Stage::Current).await? {
        SignIn::Accepted(session) => session,
        SignIn::Refused(answer) | SignIn::Expired(answer) => {
            let username = current.username.clone();
            let remedy = rotation.database.by_hand(&username);
            return Err(Refusal::CurrentDoesNotSignIn { username, answer, remedy }.into());
        }
    };
    let doing = format!("compare {} with {}", turn.clone, turn.base);
    let owned = rotation.progress.of(doing, session.check_turn(turn)).await?;
    rotation.leave(session).await;

    let id = current.superuser.as_ref().ok_or_else(|| no_superuser(event))?;
    let superuser = rotation.superuser(id, &server.endpoint).await?;
    // Objects are handed back at the writer, which need not be where the application reads.
    server.endpoint = superuser.endpoint;

    if turn.next == Next::Base {
        hand_back(rotation, &server, turn, current, &owned).await?;
    }
    let taken = take_turn(rotation, superuser.session, turn, pending).await;
    if let Err(Error::Refused(Refusal::NotItsBase { .. })) = &taken
        && owns_base(rotation, event, &server, turn, pending).await?
    {
        let superuser = rotation.superuser(id, &server.endpoint).await?;
        let turn = Turn { owns_base: true, ..turn.clone() };
        take_turn(rotation, superuser.session, &turn, pending).await?;
    } else {
        taken?;
    }
    if turn.next == Next::Clone {
        hand_back(rotation, &server, turn, pending, &owned).await?;
    }
    Ok(())
}

async fn take_turn(
    rotation: &Rotation<'_>,
    mut superuser: Box<dyn Session>,
    turn: &Turn,
    pending: &Secret,
) -> Result<(), Error> {
    let doing = format!("set up {} and its password", pending.username);
    rotation.progress.of(doing, superuser.take_turn(turn, &pending.password)).await?;
    rotation.leave(superuser).await;
    Ok(())
}

/// Whether AWSPREVIOUS, or AWSPENDING after an earlier attempt, signs in as the base. Asked only where the two users
/// themselves do not tell that they belong together.
async fn owns_base(
    rotation: &Rotation<'_>,
    event: &RotationEvent,
    server: &Server,
    turn: &Turn,
    pending: &Secret,
) -> Result<bool, Error> {
    let previous = previous_of(rotation, event, pending).await?;
    for (version, stage) in
        previous.iter().map(|previous| (previous, Stage::Previous)).chain([(pending, Stage::Pending)])
    {
        match rotation.sign_in(server, version, stage).await? {
            SignIn::Accepted(session) => {
                rotation.leave(session).await;
                info!(db.user = %turn.base, "{} signs in as the base", stage.name());
                return Ok(true);
            }
            SignIn::Expired(_) => return Ok(true),
            SignIn::Refused(_) => {}
        }
    }
    Ok(false)
}

/// What an earlier function's clone owns goes to the base, before the version is promoted.
async fn hand_back(
    rotation: &Rotation<'_>,
    server: &Server,
    turn: &Turn,
    clone: &Secret,
    databases: &[String],
) -> Result<(), Error> {
    if databases.is_empty() {
        return Ok(());
    }
    warn!(databases = ?databases, "{} holds objects in its own name; handing them to {}", turn.clone, turn.base);
    let doing = format!("hand the objects of {} to {}", turn.clone, turn.base);
    rotation.progress.of(doing, rotation.database.hand_back(server, turn, &clone.password, databases)).await
}
