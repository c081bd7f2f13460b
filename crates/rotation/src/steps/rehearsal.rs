//! What the next rotation would find at the database, by the steps' own checks. Nothing is changed.

use super::alternate;
use super::context::{Context, failed};
use super::idle_user::IdleUser;
use super::other_versions::OtherVersions;
use super::sign_in::Credentials;
use crate::Username;
use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::ports::{Comparison, ServerState, Sessions, SignIn, UserSession, Verification};
use crate::secret::Secret;
use crate::server::Server;
use crate::strategy::{OldPassword, SetBy};
use crate::versions::Stage;

/// A rule may reject some passwords and accept others of the same policy.
const SAMPLES: usize = 20;

/// What was seen, in the order of a rotation. `None` where what came before prevented it.
#[derive(Default)]
pub(crate) struct Rehearsal {
    /// Signing in with AWSCURRENT.
    pub(crate) current: Option<Result<CurrentSignIn, Error>>,
    /// What the server says of itself.
    pub(crate) state: Option<Result<ServerState, Error>>,
    /// Whether the server accepts passwords as they are made here.
    pub(crate) password: Option<Result<(), Error>>,
    /// What setSecret checks before it changes anything.
    pub(crate) change: Option<Result<NextChange, Error>>,
    /// The sessions of the user whose password would be changed, if that is not AWSCURRENT's and the server shows them.
    pub(crate) sessions: Option<Sessions>,
    /// What differs between the two users, and the next rotation repairs.
    pub(crate) differences: Option<Result<Vec<String>, Error>>,
}

/// Which version signs in as AWSCURRENT's user.
pub(crate) enum CurrentSignIn {
    /// AWSCURRENT itself.
    Accepted,
    /// Another one, which the next rotation goes on from.
    Another {
        /// What the server responded to AWSCURRENT's.
        rejected: String,
        /// What messages call the other one.
        version: String,
    },
}

/// Who would set the next password.
pub(crate) enum NextChange {
    /// The user itself.
    Own(Username),
    /// A superuser, for this user.
    Anothers {
        /// The superuser.
        superuser: Username,
        /// Whose password it would set.
        user: Username,
    },
    /// The idle user, its own.
    IdleUsers(Username),
}

/// Runs the checks, as far as each lets the next one be made. What was seen before the caller drops this stays in `seen`.
pub(crate) async fn rehearse(context: &Context<'_>, current: &Secret, seen: &mut Rehearsal) {
    let server = context.server(current);
    let (result, session) = match sign_in(context, current, &server).await {
        Ok((result, session)) => (Ok(result), session),
        Err(error) => (Err(error), None),
    };
    let is_current = matches!(result, Ok(CurrentSignIn::Accepted));
    seen.current = Some(result);
    let Some(mut session) = session else { return };
    let progress = context.rotation.progress;
    let doing = format!("ask {} what it is", server.endpoint);
    seen.state = Some(progress.of(doing, session.server_state()).await);
    let samples: Vec<_> = (0..SAMPLES).map(|_| context.rotation.policy.generate()).collect();
    let doing = format!("ask {} which passwords it accepts", server.endpoint);
    seen.password = Some(progress.of(doing, session.check_passwords(&samples)).await);
    if is_current {
        seen.differences = differences(context, current, &mut *session).await;
        seen.change = Some(change(context, current, session, &server).await);
        seen.sessions = context.rotation.sessions_of_idle_user.seen().cloned();
    } else {
        context.close(session.close()).await;
    }
}

/// Signs in with AWSCURRENT or, if the user sets its own password, with another version, as setSecret does.
async fn sign_in(
    context: &Context<'_>,
    current: &Secret,
    server: &Server,
) -> Result<(CurrentSignIn, Option<Box<dyn UserSession>>), Error> {
    let rejected = match context.sign_in(server, &Credentials::current(current)).await? {
        SignIn::Accepted(session) => return Ok((CurrentSignIn::Accepted, Some(session))),
        SignIn::Expired(response) => {
            let doing = format!("sign in to {} as {}", server.endpoint, current.username);
            return Err(failed(doing, CallError::failed(Cause::PasswordExpired, response)));
        }
        SignIn::Rejected(response) => response,
    };
    let username = current.username.clone();
    let remedy = context.rotation.database.manual_remedy(&username, Stage::Current);
    if context.rotation.strategy.alternates() {
        return Err(Refusal::CurrentDoesNotSignIn { username, response: rejected, remedy }.into());
    }
    let pending = context.pending().await?;
    if !pending.same_credentials(current)
        && let SignIn::Accepted(session) = context.sign_in(server, &Credentials::pending(pending)).await?
    {
        let version = Stage::Pending.to_string();
        return Ok((CurrentSignIn::Another { rejected, version }, Some(session)));
    }
    let mut versions = OtherVersions::of_user(context).await?;
    while let Some(version) = versions.next().await? {
        if let SignIn::Accepted(session) = context.sign_in(server, &version).await? {
            let version = version.version.to_string();
            return Ok((CurrentSignIn::Another { rejected, version }, Some(session)));
        }
    }
    let untried = versions.untried();
    Err(Refusal::NoVersionSignsIn { username, current: rejected, untried, remedy }.into())
}

/// Everything that createSecret and setSecret check, for the turn after AWSCURRENT. Ends `session` before AWSCURRENT's user signs in
/// again: a step needs one connection at a time, and the user may have no more.
async fn change(
    context: &Context<'_>,
    current: &Secret,
    mut session: Box<dyn UserSession>,
    server: &Server,
) -> Result<NextChange, Error> {
    let strategy = context.rotation.strategy;
    let next = strategy.next_user(&current.username);
    context.check_name(&next, &current.engine)?;
    current.next_version(&next, context.rotation.policy)?;
    match strategy.set_by(&next, current.superuser.as_ref()) {
        SetBy::User(old) => {
            let change = own_change(context, current, &mut *session, old, server).await;
            context.close(session.close()).await;
            change
        }
        SetBy::Superuser(alternation, superuser) => {
            context.close(session.close()).await;
            let superuser = alternate::check(context, &alternation, &superuser).await?;
            Ok(NextChange::Anothers { superuser, user: next })
        }
        SetBy::IdleUser(alternation) => {
            context.close(session.close()).await;
            IdleUser::new(context, &alternation).await?.check().await?;
            Ok(NextChange::IdleUsers(next))
        }
    }
}

async fn own_change(
    context: &Context<'_>,
    current: &Secret,
    session: &mut dyn UserSession,
    old: OldPassword,
    server: &Server,
) -> Result<NextChange, Error> {
    let user = &current.username;
    let doing = format!("ask whether {user} may set its own password");
    let check = session.check_own_change(user, &current.password, old);
    let Some(response) = context.rotation.progress.of(doing, check).await? else {
        return Ok(NextChange::Own(user.clone()));
    };
    let Some(id) = &current.superuser else {
        return Err(Refusal::NoSuperuser { username: user.clone(), response }.into());
    };
    let superuser = context.superuser(id, server).await?;
    let session = context.sign_in_superuser(&superuser).await?;
    context.close(session.close()).await;
    Ok(NextChange::Anothers { superuser: superuser.username, user: user.clone() })
}

/// What testSecret would find different, if AWSCURRENT's user is one that a superuser keeps equal to another.
async fn differences(
    context: &Context<'_>,
    current: &Secret,
    session: &mut dyn UserSession,
) -> Option<Result<Vec<String>, Error>> {
    let set_by = context.rotation.strategy.set_by(&current.username, current.superuser.as_ref());
    let SetBy::Superuser(alternation, _) = &set_by else { return None };
    let doing = format!("verify what {} is", current.username);
    let verified = context.rotation.progress.of(doing, session.verify(&current.username, &set_by)).await;
    let Verification { mut differences, comparison } = match verified {
        Ok(verification) => verification,
        Err(error) => return Some(Err(error)),
    };
    if let Some(comparison) = comparison {
        match compare_with_idle(context, &*comparison, alternation.after().next_user()).await {
            Ok(Some(found)) => differences.extend(found),
            Ok(None) => return None,
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(differences))
}

/// Compares AWSCURRENT's user with the idle one, where each sees its own account only; `None` if no version signs in as that.
async fn compare_with_idle(
    context: &Context<'_>,
    comparison: &dyn Comparison,
    idle: &Username,
) -> Result<Option<Vec<String>>, Error> {
    let previous = context.previous().await?.filter(|previous| previous.username == *idle);
    let Some(previous) = previous else { return Ok(None) };
    let server = context.server(context.current().await?);
    let sign_in = || comparison.sign_in(&previous.username, &previous.password);
    let SignIn::Accepted(mut session) = context.sign_in_by(&server, &previous, sign_in).await? else {
        return Ok(None);
    };
    let doing = format!("ask {idle} what it may do");
    let differences = context.rotation.progress.of(doing, session.differences()).await;
    context.close(session.close()).await;
    differences.map(Some)
}
