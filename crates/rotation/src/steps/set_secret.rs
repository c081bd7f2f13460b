//! setSecret: put the pending password in the database.

use tracing::{info, warn};

use super::alternate::alternate;
use super::context::Context;
use super::idle_user::IdleUser;
use super::other_versions::OtherVersions;
use super::sign_in::Credentials;
use crate::Password;
use crate::error::{Error, Refusal};
use crate::ports::{Change, SignIn, UserSession};
use crate::secret::Secret;
use crate::server::Server;
use crate::strategy::{OldPassword, SetBy};
use crate::versions::Stage;

/// Sets the pending password. Whatever happens, a stored version that signed in before still does.
pub(crate) async fn set_secret(context: &Context<'_>) -> Result<(), Error> {
    let (current, pending) = (context.current().await?, context.pending().await?);
    pending.check_replaces(current)?;
    let strategy = context.rotation.strategy;
    let expected = strategy.next_user(&current.username);
    if pending.username != expected {
        return Err(Refusal::WrongUser { pending: pending.username.clone(), expected }.into());
    }

    match strategy.set_by(&pending.username, current.superuser.as_ref()) {
        SetBy::Superuser(alternation, superuser) => {
            context.pending_is_everywhere().await?;
            alternate(context, &alternation, &superuser).await?;
        }
        SetBy::IdleUser(alternation) => {
            context.pending_is_everywhere().await?;
            IdleUser::new(context, &alternation).await?.alternate(pending).await?;
        }
        SetBy::User(old) => {
            let server = context.server(current);
            OwnChange { context, current, pending, server, old }.run().await?;
        }
    }
    info!(db.user = %pending.username, "set the password");
    Ok(())
}

/// A user that changes its own password.
struct OwnChange<'a> {
    context: &'a Context<'a>,
    current: &'a Secret,
    pending: &'a Secret,
    server: Server,
    old: OldPassword,
}

impl OwnChange<'_> {
    /// Current first, so that in the happy path no sign-in fails: nothing trips an alarm or a lock-out.
    async fn run(&self) -> Result<(), Error> {
        let current = Credentials::current(self.current);
        let rejected = match self.sign_in_as_current(&current).await? {
            SignIn::Accepted(session) => return self.set(session, &current.password).await,
            SignIn::Expired(response) => return self.expired(&current.password, response).await,
            SignIn::Rejected(response) => response,
        };
        // An earlier attempt may have set the pending password.
        let pending = Credentials::pending(self.pending);
        match self.context.sign_in(&self.server, &pending).await? {
            SignIn::Accepted(mut session) => {
                info!("the pending password was set already");
                return match self.left_behind(&mut *session).await? {
                    Some(left) => self.set_everywhere(session, &pending.password, left).await,
                    None => self.finish(session).await,
                };
            }
            SignIn::Expired(response) => return self.expired(&pending.password, response).await,
            SignIn::Rejected(_) => {}
        }
        let mut others = OtherVersions::of_user(self.context).await?;
        while let Some(version) = others.next().await? {
            if self.is_set_with(&version).await? {
                return Ok(());
            }
        }
        let username = self.current.username.clone();
        let remedy = self.context.rotation.database.manual_remedy(&username, Stage::Current);
        let untried = others.untried();
        Err(Refusal::NoVersionSignsIn { username, current: rejected, untried, remedy }.into())
    }

    /// Signs in with AWSCURRENT. If it is accepted, every region has the pending version: nothing has been changed yet, and from
    /// the change on no region has another way in. If it is rejected, only the change helps, and it waits for no region.
    async fn sign_in_as_current(&self, current: &Credentials) -> Result<SignIn<dyn UserSession>, Error> {
        let sign_in = self.context.sign_in(&self.server, current).await?;
        match sign_in {
            SignIn::Accepted(session) if self.context.has_to_wait_for_regions() => {
                // The server would end it: ours may be idle for 10 s.
                self.context.close(session.close()).await;
            }
            SignIn::Accepted(_) | SignIn::Rejected(_) | SignIn::Expired(_) => return Ok(sign_in),
        }
        self.context.pending_is_everywhere().await?;
        self.context.sign_in(&self.server, current).await
    }

    /// Sets the pending password as a version beside AWSCURRENT and the pending one, which an abandoned rotation may have
    /// set; false if that does not sign in.
    async fn is_set_with(&self, version: &Credentials) -> Result<bool, Error> {
        let sign_in = self.context.sign_in(&self.server, version).await?;
        if !matches!(sign_in, SignIn::Rejected(_)) {
            let used = &version.version;
            warn!(db.user = %self.pending.username, "AWSCURRENT is rejected; rotating with {used}");
        }
        match sign_in {
            SignIn::Accepted(mut session) => match self.left_behind(&mut *session).await? {
                Some(left) => self.set_everywhere(session, &version.password, left).await?,
                None => self.set(session, &version.password).await?,
            },
            SignIn::Expired(response) => self.expired(&version.password, response).await?,
            SignIn::Rejected(_) => return Ok(false),
        }
        Ok(true)
    }

    /// AWSCURRENT's password is rejected here, and an account at another host may still have it: on MariaDB a superuser's change of
    /// several accounts is not atomic. Only a superuser can complete it.
    async fn left_behind(&self, session: &mut dyn UserSession) -> Result<Option<String>, Error> {
        if self.old == OldPassword::Retain || self.pending.superuser.is_none() {
            return Ok(None);
        }
        let doing = format!("look for other accounts of {}", self.pending.username);
        self.context.rotation.progress.of(doing, session.elsewhere(&self.current.password)).await
    }

    /// As the superuser: the accounts that have `used`, by which `session` is signed in, and those that are left behind.
    async fn set_everywhere(
        &self,
        session: Box<dyn UserSession>,
        used: &Password,
        left: String,
    ) -> Result<(), Error> {
        self.context.close(session.close()).await;
        warn!(db.user = %self.pending.username, "an earlier change broke off; the superuser completes it: {left}");
        self.set_by_superuser(&[used, &self.current.password], left).await
    }

    /// Sets the pending password in `session`, signed in with `used`. If the server lets no user do that, the superuser does:
    /// this session proves that the secret is the user's.
    async fn set(&self, mut session: Box<dyn UserSession>, used: &Password) -> Result<(), Error> {
        let user = &self.pending.username;
        let change = session.change_own_password(user, used, &self.pending.password, self.old);
        let doing = format!("set the password of {user}");
        let change = self.context.rotation.progress.of(doing, change).await?;
        self.context.close(session.close()).await;
        match change {
            Change::Made => Ok(()),
            Change::NotAllowed(response) => {
                warn!(db.user = %user, "the user may not change its own password; the superuser does");
                self.set_by_superuser(&[used], response).await
            }
        }
    }

    /// Does what an attempt that set the password and then broke off may have left undone.
    async fn finish(&self, mut session: Box<dyn UserSession>) -> Result<(), Error> {
        let doing = format!("end the old passwords of {}", self.pending.username);
        self.context.rotation.progress.of(doing, session.finish_own_change(self.old)).await?;
        self.context.close(session.close()).await;
        Ok(())
    }

    /// The server responded that `used` is right but expired: that proves that the secret is the user's, too, and the server
    /// lets this user do nothing more.
    async fn expired(&self, used: &Password, response: String) -> Result<(), Error> {
        let username = self.pending.username.clone();
        match self.old {
            OldPassword::Discard => {
                warn!(db.user = %username, "the password has expired; the superuser sets the next one");
                self.set_by_superuser(&[used], response).await
            }
            OldPassword::Retain => {
                let remedy = self.context.rotation.database.manual_remedy(&username, Stage::Current);
                Err(Refusal::ExpiredAlone { username, response, remedy }.into())
            }
        }
    }

    /// Sets the accounts that have one of the passwords `used`. Only after a stored version proved in this step that the secret is
    /// the user's. The pending version names the same server and superuser as the current one (`Secret::check_replaces`).
    async fn set_by_superuser(&self, used: &[&Password], response: String) -> Result<(), Error> {
        let Secret { username: user, password, .. } = self.pending;
        let Some(id) = &self.pending.superuser else {
            return Err(Refusal::NoSuperuser { username: user.clone(), response }.into());
        };
        let superuser = self.context.superuser(id, &self.server).await?;
        let mut session = self.context.sign_in_superuser(&superuser).await?;
        for used in used {
            let install = session.install_password(user, used, password);
            self.context.rotation.progress.of(format!("set the password of {user}"), install).await?;
        }
        self.context.close(session.close()).await;
        Ok(())
    }
}
