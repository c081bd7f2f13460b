//! Alternating users without a superuser: the idle user signs in with the password that it had before, and changes it itself.
//! AWSCURRENT's user is not touched.

use std::error::Error as _;
use std::time::Duration;

use tracing::info;

use super::alternate::reassign_owned;
use super::context::{Context, failed};
use super::open_sessions::Turn;
use super::other_versions::OtherVersions;
use super::sign_in::Credentials;
use crate::cause::Cause;
use crate::error::{CallError, Error, Refusal};
use crate::ports::{Change, Comparison, OwnedObjects, PairComparison, SignIn, UserSession};
use crate::remedy::store_as_previous;
use crate::secret::Secret;
use crate::server::Server;
use crate::strategy::{Alternation, OldPassword, Target};
use crate::versions::{Stage, describe_version};
use crate::{Password, Username};

/// For how long a session that nobody used is relied on: a server ends it after a while, MySQL and MariaDB ours after 10 s.
const UNUSED: Duration = Duration::from_secs(5);

/// Sign-ins as AWSCURRENT's user in a step: the one that compares the two users, and that of a test without a rotation or a diagnosis.
const COMPARES: usize = 1;
const TESTS_AND_COMPARES: usize = 2;

/// The idle user, whose turn it is.
pub(super) struct IdleUser<'a> {
    context: &'a Context<'a>,
    alternation: &'a Alternation,
    current: &'a Secret,
    server: Server,
}

impl<'a> IdleUser<'a> {
    /// The user whose turn it is. `AWSCURRENT` names the server.
    pub(super) async fn new(context: &'a Context<'a>, alternation: &'a Alternation) -> Result<Self, Error> {
        let current = context.current().await?;
        let mut server = context.server(current);
        // A user that has no right in the application's database is told which it lacks.
        server.database = server.database.filter(|_| context.rotation.database.opens_one_database());
        Ok(Self { context, alternation, current, server })
    }

    /// Sets its password to `pending`'s, once the two users are known to be equal: nobody here could make them so.
    pub(super) async fn alternate(&self, pending: &Secret) -> Result<(), Error> {
        let Self { context, alternation, current, server } = self;
        let (mut session, version) = self.sign_in(COMPARES).await?;
        let turn = if version.password == pending.password { Turn::ThisAgain } else { Turn::This };
        context.check_sessions(self.user(), session.sessions_of(self.user()), turn).await?;
        let left = context.rotation.clock.left();
        if let Some(owned) = self.compare(&mut *session).await? {
            // The one of the two that is the clone.
            let (clone, password) = match alternation.target {
                Target::Base => (&current.username, &current.password),
                Target::Clone => (&version.username, &version.password),
            };
            reassign_owned(context, server, &*owned, (clone, password)).await?;
        }
        if left.saturating_sub(context.rotation.clock.left()) > UNUSED {
            context.close(session.close()).await;
            session = self.sign_in_again(&version).await?;
        }
        context.is_still_pending_after_a_while().await?;
        self.set_password(session, &version.password, &pending.password).await
    }

    /// Whether the alternation is possible. Changes nothing. For a test or a diagnosis, which has signed in as AWSCURRENT's user.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let (mut session, _) = self.sign_in(TESTS_AND_COMPARES).await?;
        self.context.check_sessions(self.user(), session.sessions_of(self.user()), Turn::Next).await?;
        self.compare(&mut *session).await?;
        self.context.close(session.close()).await;
        Ok(())
    }

    /// Signs in with AWSPREVIOUS; else with the pending version, whose password an earlier attempt may have set; else with versions
    /// that have no label. `as_current` as in [`OtherVersions::of_other_user`].
    async fn sign_in(&self, as_current: usize) -> Result<(Box<dyn UserSession>, Credentials), Error> {
        let user = self.user();
        let mut versions = OtherVersions::of_other_user(self.context, user, as_current).await?;
        let mut first = None;
        while let Some(version) = versions.next().await? {
            match self.context.sign_in(&self.server, &version).await? {
                SignIn::Accepted(session) => {
                    info!(db.user = %user, "signed in with the password of {}", version.version);
                    return Ok((session, version));
                }
                SignIn::Expired(response) => return Err(self.does_not_sign_in(response, versions).await),
                SignIn::Rejected(response) => {
                    first.get_or_insert(response);
                }
            }
        }
        match first {
            Some(response) => Err(self.does_not_sign_in(response, versions).await),
            None => {
                let why = why_not_previous(self.context, user).await?.unwrap_or_default();
                Err(no_version(self.context, self.alternation, why))
            }
        }
    }

    async fn sign_in_again(&self, version: &Credentials) -> Result<Box<dyn UserSession>, Error> {
        match self.context.sign_in(&self.server, version).await? {
            SignIn::Accepted(session) => Ok(session),
            // Another run of this step has set the pending password.
            SignIn::Rejected(response) | SignIn::Expired(response) => {
                let doing = format!("sign in to {} as {} again", self.server.endpoint, version.username);
                Err(failed(doing, CallError::failed(Cause::SignInRefused, response)))
            }
        }
    }

    /// Refuses unless each user may do what the other may, as far as this alternation needs it. Returns the objects that the clone owns.
    async fn compare(&self, session: &mut dyn UserSession) -> Result<Option<Box<dyn OwnedObjects>>, Error> {
        let compare = session.compare_pair(self.alternation, &self.context.event.secret_id);
        match self.context.rotation.progress.of(self.comparing(), compare).await? {
            PairComparison::Complete { objection: Some(objection), .. } => Err(objection.into()),
            PairComparison::Complete { owned, objection: None } => Ok(owned),
            PairComparison::Half(comparison) => {
                self.compare_with_current(&*comparison).await?;
                Ok(None)
            }
        }
    }

    async fn compare_with_current(&self, comparison: &dyn Comparison) -> Result<(), Error> {
        let current = Credentials::current(self.current);
        let sign_in = || comparison.sign_in(&current.username, &current.password);
        let mut session = match self.context.sign_in_by(&self.server, &current, sign_in).await? {
            SignIn::Accepted(session) => session,
            SignIn::Rejected(response) | SignIn::Expired(response) => {
                let username = current.username;
                let remedy = self.context.rotation.database.manual_remedy(&username, Stage::Current);
                return Err(Refusal::CurrentDoesNotSignIn { username, response, remedy }.into());
            }
        };
        let compare = session.objection(self.alternation);
        let objection = self.context.rotation.progress.of(self.comparing(), compare).await?;
        self.context.close(session.close()).await;
        objection.map_or(Ok(()), |objection| Err(objection.into()))
    }

    async fn set_password(
        &self,
        mut session: Box<dyn UserSession>,
        used: &Password,
        next: &Password,
    ) -> Result<(), Error> {
        let (user, progress) = (self.user(), self.context.rotation.progress);
        let change = if used == next {
            info!("the pending password was set already");
            let doing = format!("end the old passwords of {user}");
            progress.of(doing, session.finish_own_change(OldPassword::Discard)).await?;
            Change::Made
        } else {
            let change = session.change_own_password(user, used, next, OldPassword::Discard);
            progress.of(format!("set the password of {user}"), change).await?
        };
        self.context.close(session.close()).await;
        match change {
            Change::Made => Ok(()),
            Change::NotAllowed(response) => {
                Err(Refusal::NoSuperuser { username: user.clone(), response }.into())
            }
        }
    }

    fn user(&self) -> &Username {
        self.alternation.next_user()
    }

    fn comparing(&self) -> String {
        format!("compare {} with {}", self.alternation.clone, self.alternation.base)
    }

    async fn does_not_sign_in(&self, response: String, versions: OtherVersions<'_>) -> Error {
        if let Err(error) = self.context.is_still_pending().await {
            return error;
        }
        let (user, untried) = (self.user().clone(), versions.untried().into());
        let store = store_as_previous(&user, &self.context.event.secret_id);
        let remedy = match why_not_previous(self.context, &user).await {
            Ok(None) => {
                let set = self.context.rotation.database.manual_remedy(&user, Stage::Previous);
                format!("{set}; or, {store}")
            }
            Ok(Some(_)) => store,
            Err(error) => return error,
        };
        Refusal::IdleUserDoesNotSignIn { user, response, untried, remedy }.into()
    }
}

/// Refuses if no version of the secret is the idle user's: nobody could set its password. Reads no more versions than it takes to
/// find one.
pub(super) async fn check_has_version(context: &Context<'_>, alternation: &Alternation) -> Result<(), Error> {
    let user = alternation.next_user();
    let Some(why) = why_not_previous(context, user).await? else { return Ok(()) };
    let is_users = |secret: &Secret| secret.username == *user;
    // A repeat: an earlier attempt may have set the pending password, after which somebody moved AWSPREVIOUS.
    if let Some(text) = context.value(Stage::Pending).await? {
        let which = describe_version(Stage::Pending, &context.event.secret_id);
        if context.parse(&text, &which).is_ok_and(|pending| is_users(&pending)) {
            return Ok(());
        }
    }
    let unlabelled = context.unlabelled().await?;
    if unlabelled.read.iter().any(|(_, secret)| is_users(secret)) {
        return Ok(());
    }
    Err(no_version(context, alternation, why))
}

fn no_version(context: &Context<'_>, alternation: &Alternation, why: String) -> Error {
    let create = match alternation.target {
        Target::Clone => Some(context.rotation.database.creation_of_clone(alternation).into()),
        Target::Base => None,
    };
    let (user, secret) = (alternation.next_user().clone(), context.event.secret_id.clone());
    Refusal::NoIdleUser { user, why, create, secret }.into()
}

/// Why AWSPREVIOUS holds no password for the idle user at the server of AWSCURRENT; `None` if it does.
async fn why_not_previous(context: &Context<'_>, user: &Username) -> Result<Option<String>, Error> {
    let secret = &context.event.secret_id;
    let Some(text) = context.previous_text().await? else {
        return Ok(Some("the secret has no AWSPREVIOUS version".into()));
    };
    let previous = match context.parse(text, &describe_version(Stage::Previous, secret)) {
        Ok(previous) => previous,
        Err(error) => return Ok(Some(error.source().map(ToString::to_string).unwrap_or_default())),
    };
    if previous.username != *user {
        return Ok(Some(format!("AWSPREVIOUS is of {}", previous.username)));
    }
    let differs = context.differs_in(&previous).await?;
    Ok(differs.map(|field| format!("{field} of AWSPREVIOUS differs from AWSCURRENT's")))
}
