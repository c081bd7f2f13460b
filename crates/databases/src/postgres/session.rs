//! The ports for a signed-in user and for a signed-in superuser.

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Evidence, PairComparison, PairView, ServerState, Sessions, SuperuserSession,
    UserSession, Verification,
};
use rotation::{Alternation, CallError, Cause, OldPassword, Password, SecretId, SetBy, Target, Username};

use super::begin::Access;
use super::clone_check::UserPair;
use super::connection::Connection;
use super::reassign_owned::OwnedByClone;
use super::role_change::RoleChange;
use super::{alternation, equality, examination, open_sessions, owned_objects, password, verify};

#[async_trait]
impl UserSession for Connection {
    /// A PostgreSQL user has one password: the old one is always replaced.
    async fn change_own_password(
        &mut self,
        user: &Username,
        _used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        if old == OldPassword::Retain {
            return Err(password::one_password_only().into());
        }
        match RoleChange::OwnPassword(user, next).run(self).await {
            Ok(_) => Ok(Change::Made),
            Err(CallError::Failed { cause: Cause::MissingPrivilege, response }) => {
                Ok(Change::NotAllowed(response))
            }
            Err(error) => Err(error),
        }
    }

    /// A PostgreSQL user has one password, so there is nothing to finish.
    async fn finish_own_change(&mut self, _old: OldPassword) -> Result<(), CallError> {
        Ok(())
    }

    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairView, CallError> {
        self.within_limit(async |connection| {
            connection.begin(Access::Read).await?;
            let pair = UserPair::read(connection, alternation, secret).await?;
            pair.warn_of_untrusted_grants(alternation);
            let (databases, grants) = owned_objects::of_clone(connection, alternation).await?;
            connection.commit().await?;
            let objection = pair.objection(alternation).or(grants);
            let owned = OwnedByClone::if_any(databases, alternation, connection.connector.clone());
            // The clone is a member of the base, and sees its sessions whole. The superuser may see less of them.
            let sessions = match alternation.target {
                Target::Base => Some(open_sessions::of(connection, &alternation.base).await),
                Target::Clone => None,
            };
            Ok(PairView { owned, membership: pair.membership(alternation), objection, sessions })
        })
        .await
    }

    async fn compare_pair(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
    ) -> Result<PairComparison, CallError> {
        self.within_limit(async |connection| equality::compare(connection, alternation, secret).await).await
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        self.within_limit(async |connection| verify::verify(connection, user, set_by).await).await
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.within_limit(async |connection| connection.is_replica().await).await
    }

    async fn check_own_change(
        &mut self,
        user: &Username,
        _used: &Password,
        old: OldPassword,
    ) -> Result<Option<String>, CallError> {
        if old == OldPassword::Retain {
            return Err(password::one_password_only().into());
        }
        self.within_limit(async |connection| examination::check_own_change(connection, user).await).await
    }

    /// What a password hook demands shows in no setting, and a verifier passes most of them.
    async fn check_passwords(&mut self, _samples: &[Password]) -> Result<(), CallError> {
        Ok(())
    }

    async fn server_state(&mut self) -> Result<ServerState, CallError> {
        self.within_limit(async |connection| examination::server_state(connection).await).await
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        self.within_limit(async |connection| open_sessions::of(connection, user).await).await
    }

    async fn close(self: Box<Self>) {
        (*self).close().await;
    }
}

#[async_trait]
impl SuperuserSession for Connection {
    async fn install_password(
        &mut self,
        user: &Username,
        _used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        RoleChange::AnothersPassword(user, password).run(self).await.map(|_| ())
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        RoleChange::Alternation(alternation, secret, password, evidence).run(self).await
    }

    async fn check_next_user(
        &mut self,
        alternation: &Alternation,
        secret: &SecretId,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.within_limit(async |connection| {
            alternation::check(connection, alternation, secret, evidence).await
        })
        .await
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        UserSession::sessions_of(self, user).await
    }

    async fn close(self: Box<Self>) {
        (*self).close().await;
    }
}
