//! The ports for a signed-in user and for a signed-in superuser.

use async_trait::async_trait;
use rotation::ports::{
    AlternationOutcome, Change, Evidence, PairComparison, PairView, ServerState, Sessions, SuperuserSession,
    UserSession, Verification,
};
use rotation::{Alternation, CallError, OldPassword, Password, SecretId, SetBy, Username};

use super::connection::Connection;
use super::{alternation, examination, identity, open_sessions, other_hosts, password, superuser, verify};

#[async_trait]
impl UserSession for Connection {
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        self.within_limit(async |connection| {
            identity::check_is(connection, user).await?;
            match (other_hosts::seen(connection, used).await, old) {
                (None, _) => {
                    password::change_own(connection, user, used, next, old).await?;
                    Ok(Change::Made)
                }
                (Some(seen), OldPassword::Discard) => Ok(Change::NotAllowed(seen)),
                (Some(seen), OldPassword::Retain) => {
                    Err(other_hosts::refusal(&connection.account, &seen).into())
                }
            }
        })
        .await
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.within_limit(async |connection| password::discard_own(connection, old).await).await
    }

    async fn elsewhere(&mut self, password: &Password) -> Result<Option<String>, CallError> {
        self.within_limit(async |connection| Ok(other_hosts::seen(connection, password).await)).await
    }

    /// Users own no objects here. Everything else only a superuser can see.
    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
    ) -> Result<PairView, CallError> {
        let user =
            if self.account.user == alternation.clone.0 { &alternation.clone } else { &alternation.base };
        identity::check_is(self, user).await?;
        Ok(PairView::default())
    }

    async fn compare_pair(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
    ) -> Result<PairComparison, CallError> {
        self.within_limit(async |connection| verify::compare(connection, alternation).await).await
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        self.within_limit(async |connection| verify::verify(connection, user, set_by).await).await
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        self.within_limit(async |connection| Ok(connection.is_replica().await?)).await
    }

    async fn check_own_change(
        &mut self,
        user: &Username,
        used: &Password,
        old: OldPassword,
    ) -> Result<Option<String>, CallError> {
        self.within_limit(async |connection| {
            identity::check_is(connection, user).await?;
            examination::check_writable(connection).await?;
            match (other_hosts::seen(connection, used).await, old) {
                (Some(seen), OldPassword::Retain) => {
                    Err(other_hosts::refusal(&connection.account, &seen).into())
                }
                (None, OldPassword::Retain) => {
                    password::check_retains(connection).await?;
                    Ok(None)
                }
                (None, OldPassword::Discard) => {
                    password::check_own_method(connection).await?;
                    Ok(None)
                }
                (seen, OldPassword::Discard) => Ok(seen),
            }
        })
        .await
    }

    async fn check_passwords(&mut self, samples: &[Password]) -> Result<(), CallError> {
        self.within_limit(async |connection| examination::check_passwords(connection, samples).await).await
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
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.within_limit(async |connection| password::install(connection, user, used, password).await).await
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.within_limit(async |connection| {
            alternation::set_up(connection, alternation, password, evidence).await
        })
        .await
    }

    async fn check_next_user(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.within_limit(async |connection| alternation::check(connection, alternation, evidence).await)
            .await
    }

    /// PROCESS may come by a role.
    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        self.within_limit(async |connection| {
            superuser::activate_roles(connection).await?;
            open_sessions::of(connection, user).await
        })
        .await
    }

    async fn close(self: Box<Self>) {
        (*self).close().await;
    }
}
