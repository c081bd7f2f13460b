//! setSecret under alternating users: the superuser sets up the user whose turn it is, and its password.

use tracing::{info, warn};

use super::context::Context;
use super::open_sessions::Turn;
use super::other_versions::OtherVersions;
use super::sign_in::Credentials;
use super::superuser::Superuser;
use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal, Unproven};
use crate::ports::{
    AlternationOutcome, Evidence, OwnedObjects, PairView, ProofOfOtherUser, Sessions, SignIn,
    SuperuserSession,
};
use crate::secret::Secret;
use crate::server::Server;
use crate::strategy::{Alternation, Target};
use crate::versions::Stage;
use crate::{Password, SecretId, Username, VersionId};

/// AWSCURRENT has to sign in before the superuser's secret is read: otherwise anyone who may write this secret could borrow
/// the superuser. And the other user, if its account exists, is shown to be the application's before it gets anything.
pub(super) async fn alternate(
    context: &Context<'_>,
    alternation: &Alternation,
    superuser: &SecretId,
) -> Result<(), Error> {
    let password = &context.pending().await?.password;
    take_turn(context, alternation, superuser, Some(password)).await.map(|_| ())
}

/// Does every check of [`alternate`], and changes nothing. Returns the superuser's name.
pub(super) async fn check(
    context: &Context<'_>,
    alternation: &Alternation,
    superuser: &SecretId,
) -> Result<Username, Error> {
    take_turn(context, alternation, superuser, None).await
}

/// Without a `password` nothing is changed.
async fn take_turn(
    context: &Context<'_>,
    alternation: &Alternation,
    superuser: &SecretId,
    password: Option<&Password>,
) -> Result<Username, Error> {
    let (current, pending) = (context.current().await?, context.pending().await?);
    let (view, superuser, server) = prepare(context, alternation, superuser).await?;
    let next = NextUser { context, server: &server, pending, alternation, password };
    let evidence = next.evidence(&view, &superuser).await?;
    if let Some(objection) = view.objection {
        return Err(objection.into());
    }
    let mut session = context.sign_in_superuser(&superuser).await?;
    let turn = if password.is_some() { Turn::This } else { Turn::Next };
    check_sessions(context, view.sessions, &mut *session, alternation, turn).await?;
    let owned = view.owned.filter(|_| password.is_some());
    if let (Target::Base, Some(owned)) = (alternation.target, &owned) {
        reassign_owned(context, &server, &**owned, (&current.username, &current.password)).await?;
    }
    next.set_up(session, evidence).await?;
    if let (Target::Clone, Some(owned)) = (alternation.target, &owned) {
        reassign_owned(context, &server, &**owned, (&pending.username, &pending.password)).await?;
    }
    Ok(superuser.username)
}

/// Looks at the sessions of the user whose turn it is: those that `seen` has, or else those that the superuser sees.
async fn check_sessions(
    context: &Context<'_>,
    seen: Option<Result<Sessions, CallError>>,
    superuser: &mut dyn SuperuserSession,
    alternation: &Alternation,
    turn: Turn,
) -> Result<(), Error> {
    let user = alternation.next_user();
    let see = async {
        match seen {
            Some(seen) => seen,
            None => superuser.sessions_of(user).await,
        }
    };
    context.check_sessions(user, see, turn).await
}

/// What AWSCURRENT's user sees of the pair; the superuser; and the server to which the connections go from here on: the writer. The
/// application may read elsewhere.
async fn prepare(
    context: &Context<'_>,
    alternation: &Alternation,
    superuser: &SecretId,
) -> Result<(PairView, Superuser, Server), Error> {
    let mut server = context.server(context.current().await?);
    let view = view_as_current(context, &server, alternation).await?;
    let superuser = context.superuser(superuser, &server).await?;
    server.endpoint = superuser.server.endpoint.clone();
    Ok((view, superuser, server))
}

async fn view_as_current(
    context: &Context<'_>,
    server: &Server,
    alternation: &Alternation,
) -> Result<PairView, Error> {
    let current = Credentials::current(context.current().await?);
    let mut session = match context.sign_in(server, &current).await? {
        SignIn::Accepted(session) => session,
        SignIn::Rejected(response) | SignIn::Expired(response) => {
            let username = current.username;
            let remedy = context.rotation.database.manual_remedy(&username, Stage::Current);
            return Err(Refusal::CurrentDoesNotSignIn { username, response, remedy }.into());
        }
    };
    let doing = format!("compare {} with {}", alternation.clone, alternation.base);
    let view = session.view_pair(alternation, &context.event.secret_id);
    let view = context.rotation.progress.of(doing, view).await?;
    context.close(session.close()).await;
    Ok(view)
}

/// The user whose turn it is, and what may show that its account is the application's.
struct NextUser<'a> {
    context: &'a Context<'a>,
    server: &'a Server,
    pending: &'a Secret,
    alternation: &'a Alternation,
    /// The one to set; `None` if nothing is to be changed.
    password: Option<&'a Password>,
}

impl NextUser<'_> {
    /// The evidence without the superuser's session. As much as possible is shown without it: a stranger's account then
    /// brings no superuser to the server.
    async fn evidence(&self, view: &PairView, superuser: &Superuser) -> Result<Evidence, Error> {
        match (&view.membership, self.context.rotation.database.proof_of_other_user()) {
            (_, ProofOfOtherUser::StoredVerifier) => {
                let previous = self.context.previous().await?;
                let labelled = previous.into_iter().chain([Credentials::pending(self.pending)]);
                // Passwords that the outgoing user had may have leaked.
                let ours = labelled.filter(|version| version.username == *self.user());
                Ok(Evidence::Passwords(ours.map(|version| version.password).collect()))
            }
            (Some(membership), ProofOfOtherUser::MembershipOrSignIn)
                if !membership.grantors.contains(&superuser.username) =>
            {
                self.prove_by_sign_in(&membership.unproven).await?;
                Ok(Evidence::SignedIn)
            }
            (_, ProofOfOtherUser::MembershipOrSignIn) => Ok(Evidence::None),
        }
    }

    /// Signs in as the other user with the versions of the secret until one does.
    async fn prove_by_sign_in(&self, unproven: &Unproven) -> Result<(), Error> {
        // A diagnosis has signed in with AWSCURRENT before.
        let as_current = if self.password.is_some() { 1 } else { 2 };
        let mut versions = OtherVersions::of_other_user(self.context, self.user(), as_current).await?;
        while let Some(version) = versions.next().await? {
            if self.is_proven_by(&version).await? {
                info!(
                    db.user = %version.username,
                    "{} signs in as this user, so the account is the application's", version.version
                );
                return Ok(());
            }
        }
        self.is_still_pending().await?;
        Err(self.refusal(unproven.clone(), versions.untried()))
    }

    /// A server says that an account is locked only to a client that has its password.
    async fn is_proven_by(&self, version: &Credentials) -> Result<bool, Error> {
        match self.context.sign_in(self.server, version).await {
            Ok(SignIn::Accepted(session)) => {
                self.context.close(session.close()).await;
                Ok(true)
            }
            Ok(SignIn::Expired(_)) => Ok(true),
            Ok(SignIn::Rejected(_)) => Ok(false),
            Err(Error::Call { source, .. }) if source.cause() == Some(Cause::Locked) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Sets up the user and its password, or only checks that, with more evidence if the first is not enough.
    async fn set_up(
        &self,
        mut superuser: Box<dyn SuperuserSession>,
        evidence: Evidence,
    ) -> Result<(), Error> {
        let mut outcome = self.set_up_with(&mut *superuser, &evidence).await?;
        let mut unread = Vec::new();
        if let AlternationOutcome::NeedsProof(unproven) = &outcome {
            let further = match evidence {
                // Comparing verifiers signs nobody in: all versions that were read serve at once.
                Evidence::Passwords(mut passwords) => {
                    let unlabelled = self.context.unlabelled().await?;
                    let read = unlabelled.read.into_iter().map(|(_, version)| version);
                    let ours = read.filter(|version| version.username == *self.user());
                    passwords.extend(ours.map(|version| version.password));
                    unread = unlabelled.unread;
                    Evidence::Passwords(passwords)
                }
                // The session grants as another role than the one that signed in.
                Evidence::None | Evidence::SignedIn => {
                    self.prove_by_sign_in(unproven).await?;
                    Evidence::SignedIn
                }
            };
            outcome = self.set_up_with(&mut *superuser, &further).await?;
        }
        self.context.close(superuser.close()).await;
        match outcome {
            AlternationOutcome::Done => Ok(()),
            AlternationOutcome::NeedsProof(unproven) => {
                self.is_still_pending().await?;
                Err(self.refusal(unproven, unread))
            }
        }
    }

    fn user(&self) -> &Username {
        self.alternation.next_user()
    }

    async fn set_up_with(
        &self,
        superuser: &mut dyn SuperuserSession,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, Error> {
        let (user, secret, progress) =
            (self.user(), &self.context.event.secret_id, self.context.rotation.progress);
        match self.password {
            Some(password) => {
                let set_up = superuser.set_up_next_user(self.alternation, secret, password, evidence);
                progress.of(format!("set up {user} and its password"), set_up).await
            }
            None => {
                let check = superuser.check_next_user(self.alternation, secret, evidence);
                progress.of(format!("ask whether {user} can be set up"), check).await
            }
        }
    }

    /// A check does not depend on whether a rotation is under way.
    async fn is_still_pending(&self) -> Result<(), Error> {
        if self.password.is_some() { self.context.is_still_pending().await } else { Ok(()) }
    }

    fn refusal(&self, unproven: Unproven, untried: Vec<VersionId>) -> Error {
        Refusal::NotTheOtherUser {
            user: self.user().clone(),
            unproven: Box::new(unproven),
            secret: self.context.event.secret_id.clone(),
            untried,
        }
        .into()
    }
}

/// Reassigns what an earlier function's clone owns to the base, before the version is promoted. `clone` is its name and a password
/// with which it signs in.
pub(super) async fn reassign_owned(
    context: &Context<'_>,
    server: &Server,
    owned: &dyn OwnedObjects,
    (clone, password): (&Username, &Password),
) -> Result<(), Error> {
    let databases = owned.databases();
    warn!(?databases, "{clone} owns objects; reassigning them to its base");
    let doing = format!("reassign the objects of {clone} to its base");
    context.rotation.progress.of(doing, owned.reassign(server, password)).await
}
