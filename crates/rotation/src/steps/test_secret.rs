//! testSecret: verify that the pending version works.

use std::time::Duration;

use tracing::{info, warn};

use super::context::{Context, failed};
use super::idle_user::IdleUser;
use super::open_sessions::Turn;
use super::sign_in::Credentials;
use crate::cause::Cause;
use crate::error::{CallError, Error};
use crate::ports::{Comparison, PairComparison, Sessions, SignIn, UserSession, Verification};
use crate::server::Server;
use crate::strategy::{Alternation, SetBy};

/// How often a rejected sign-in to a replica is repeated, and how much of the remaining time is left for
/// the last sign-in and the verification.
const PAUSE: Duration = Duration::from_secs(1);
const RESERVE: Duration = Duration::from_secs(3);

/// Signs in with the pending version, runs a query, and checks that the user is what it should be.
///
/// `RotateImmediately=false` calls only this step, on a version that holds a copy of the current one.
pub(crate) async fn test_secret(context: &Context<'_>) -> Result<(), Error> {
    let (pending, progress) = (context.pending().await?, context.rotation.progress);
    let (server, user) = (context.server(pending), &pending.username);
    let mut session = match context.sign_in(&server, &Credentials::pending(pending)).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(response) => wait_for_replica(context, &server, response).await?,
        SignIn::Expired(response) => {
            let doing = format!("sign in to {} as {user}", server.endpoint);
            return Err(failed(doing, CallError::failed(Cause::PasswordExpired, response)));
        }
    };

    let set_by = context.rotation.strategy.set_by(user, pending.superuser.as_ref());
    let doing = format!("verify what {user} is");
    let verification = progress.of(&*doing, session.verify(user, &set_by)).await?;
    let Verification { mut differences, comparison } = verification;
    match &set_by {
        SetBy::IdleUser(alternation) => {
            check_next_turn(context, &mut *session, &alternation.after()).await?;
        }
        SetBy::Superuser(alternation, _) => {
            look_at_sessions(context, &mut *session, &alternation.after()).await?;
        }
        SetBy::User(_) => {}
    }
    context.close(session.close()).await;
    if let Some(comparison) = comparison {
        differences.extend(compare_with_outgoing(context, &server, &*comparison).await?);
    }
    if differences.is_empty() {
        info!(db.user = %user, "the pending version works");
        return Ok(());
    }
    let differences = differences.join("; ");
    // A copy of the current version: nothing is promoted, so what a rotation would repair is no fault yet.
    if pending.same_credentials(context.current().await?) {
        warn!(db.user = %user, "a rotation would find these differences, and repair what it can: {differences}");
        return Ok(());
    }
    Err(failed(doing, CallError::failed(Cause::PrivilegesDiffer, differences)))
}

/// Without a superuser nothing repairs what differs between the two users. `RotateImmediately=false` says so before a rotation is
/// refused for it.
async fn check_next_turn(
    context: &Context<'_>,
    session: &mut dyn UserSession,
    next: &Alternation,
) -> Result<(), Error> {
    // A server that shows both users to either is asked first: if nothing differs, AWSCURRENT does not have to be read, which would
    // cost every rotation a call. Where each shows its own account, only sign-ins as both tell.
    if !context.reads_verifiers() && is_possible(context, session, next).await? {
        return look_at_sessions(context, session, next).await;
    }
    if !context.pending().await?.same_credentials(context.current().await?) {
        // A rotation, which setSecret did not refuse. What the next one needs can still be put right.
        return Ok(());
    }
    // Only what is shown by a sign-in as the other user is settled by statements that give it rights.
    IdleUser::new(context, next).await?.check().await
}

async fn is_possible(
    context: &Context<'_>,
    session: &mut dyn UserSession,
    next: &Alternation,
) -> Result<bool, Error> {
    let doing = format!("compare {} with {}", next.clone, next.base);
    let compare = session.compare_pair(next, &context.event.secret_id);
    let seen = context.rotation.progress.of(doing, compare).await?;
    Ok(matches!(seen, PairComparison::Complete { objection: None, .. }))
}

/// `RotateImmediately=false` also says which clients the next rotation would cut off, as far as the user of AWSCURRENT sees them.
///
/// In a rotation those sessions are the application's. Whether this is one shows in AWSCURRENT, which is not read for that unless
/// the pending version's user has sessions, too: right after setSecret it has none, or only those that setSecret has warned of.
async fn look_at_sessions(
    context: &Context<'_>,
    session: &mut dyn UserSession,
    next: &Alternation,
) -> Result<(), Error> {
    let (pending, idle) = (context.pending().await?, next.next_user());
    let has_any = |seen: Result<Sessions, CallError>| seen.is_ok_and(|sessions| sessions.count > 0);
    let doing = format!("see whether {} has open sessions", pending.username);
    let own = async { Ok(has_any(session.sessions_of(&pending.username).await)) };
    if context.rotation.progress.of(doing, own).await? && pending.same_credentials(context.current().await?) {
        context.check_sessions(idle, session.sessions_of(idle), Turn::Next).await?;
    }
    Ok(())
}

/// Each of the two users reads its own account: on some servers no user sees another's.
async fn compare_with_outgoing(
    context: &Context<'_>,
    server: &Server,
    comparison: &dyn Comparison,
) -> Result<Vec<String>, Error> {
    let (current, pending) = (context.current().await?, context.pending().await?);
    if pending.same_credentials(current) {
        // A copy of the current version: there is no other user to compare with.
        return Ok(Vec::new());
    }
    pending.check_replaces(current)?;
    let outgoing = Credentials::current(current);
    let sign_in = || comparison.sign_in(&outgoing.username, &outgoing.password);
    let mut session = match context.sign_in_by(server, &outgoing, sign_in).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(response) | SignIn::Expired(response) => {
            let doing = format!("sign in to {} as {}", server.endpoint, outgoing.username);
            return Err(failed(doing, CallError::failed(Cause::SignInRefused, response)));
        }
    };
    let doing = format!("ask {} what it may do", outgoing.username);
    let differences = context.rotation.progress.of(doing, session.differences()).await?;
    context.close(session.close()).await;
    Ok(differences)
}

/// A replica learns of a new password late: repeats the sign-in while there is time, but only there.
async fn wait_for_replica(
    context: &Context<'_>,
    server: &Server,
    mut rejected: String,
) -> Result<Box<dyn UserSession>, Error> {
    let pending = Credentials::pending(context.pending().await?);
    let doing = format!(
        "sign in to {} as {} with the password of {}",
        server.endpoint, pending.username, pending.version
    );
    if !on_replica(context, server).await? {
        return Err(failed(doing, CallError::failed(Cause::SignInRefused, rejected)));
    }
    info!("the server is a replica and rejects the new password; waiting for it to catch up");
    let clock = context.rotation.clock;
    while clock.left() > PAUSE + RESERVE {
        clock.sleep(PAUSE).await;
        match context.sign_in(server, &pending).await? {
            SignIn::Accepted(session) => return Ok(session),
            SignIn::Rejected(again) | SignIn::Expired(again) => rejected = again,
        }
    }
    let response = format!("the replica still refuses the password that the writer has ({rejected})");
    Err(failed(doing, CallError::failed(Cause::ReplicaLag, response)))
}

/// Asks the server by way of the current version: only a signed-in user can.
async fn on_replica(context: &Context<'_>, server: &Server) -> Result<bool, Error> {
    let (current, pending) = (context.current().await?, context.pending().await?);
    if !pending.replaces(current) || pending.same_credentials(current) {
        return Ok(false);
    }
    match context.sign_in(server, &Credentials::current(current)).await? {
        SignIn::Rejected(_) | SignIn::Expired(_) => Ok(false),
        SignIn::Accepted(mut session) => {
            let doing = format!("ask {} whether it is a replica", server.endpoint);
            let replica = context.rotation.progress.of(doing, session.on_replica()).await?;
            context.close(session.close()).await;
            Ok(replica)
        }
    }
}
