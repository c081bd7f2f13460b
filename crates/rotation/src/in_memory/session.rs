//! Sessions in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::account::Account;
use super::clock::let_others_go_on;
use super::pair::{Half, Owned, inequality, membership, objection, what_is_unproven};
use super::server::{Engine, MemoryServer};
use crate::ports::{
    AlternationOutcome, Change, Evidence, PairComparison, PairView, ServerState, Sessions, SuperuserSession,
    UserSession, Verification,
};
use crate::{
    Alternation, CallError, Cause, OldPassword, Password, SecretId, Server, SetBy, Target, Username,
};

/// A signed-in user.
#[derive(Debug)]
pub(super) struct MemorySession {
    pub(super) server: MemoryServer,
    pub(super) at: Server,
    pub(super) user: Username,
    /// When it was last used.
    pub(super) used: Duration,
}

impl MemorySession {
    /// MySQL ends a session of ours that was not used for 10 s.
    fn is_used(&mut self) -> Result<(), CallError> {
        let unused = self.server.clock.now().saturating_sub(self.used);
        if self.server.engine == Engine::MySql && unused > Duration::from_secs(10) {
            return Err(CallError::failed(Cause::ServerUnavailable, "the session was ended"));
        }
        self.used = self.server.clock.now();
        Ok(())
    }

    fn check_writes(&self) -> Result<(), CallError> {
        if self.server.is_replica(&self.at.endpoint.host) {
            return Err(CallError::failed(Cause::ReadOnly, "this is a replica"));
        }
        Ok(())
    }

    fn check_is_superuser(&self) -> Result<(), CallError> {
        self.check_writes()?;
        if self.account(&self.user).is_some_and(|account| account.is_superuser) {
            return Ok(());
        }
        Err(CallError::failed(Cause::MissingPrivilege, format!("{} is no superuser", self.user)))
    }

    fn check_is(&self, user: &Username) -> Result<(), CallError> {
        if *user == self.user {
            return Ok(());
        }
        Err(CallError::failed(Cause::MissingPrivilege, format!("{} is not {user}", self.user)))
    }

    fn half(&self, alternation: &Alternation) -> Half {
        let (user, server, at) = (self.user.clone(), self.server.clone(), self.at.clone());
        Half { user, server, at, alternation: alternation.clone() }
    }

    pub(super) fn account(&self, user: &Username) -> Option<Account> {
        self.server.account(&user.0)
    }
}

#[async_trait]
impl UserSession for MemorySession {
    async fn change_own_password(
        &mut self,
        user: &Username,
        used: &Password,
        next: &Password,
        old: OldPassword,
    ) -> Result<Change, CallError> {
        let_others_go_on().await;
        self.is_used()?;
        self.check_writes()?;
        self.check_is(user)?;
        if self.account(user).is_some_and(|account| account.is_barred) {
            return Ok(Change::NotAllowed(format!("{user} may not")));
        }
        self.server.change(&user.0, |account| match old {
            OldPassword::Discard => account.passwords = vec![next.expose().into()],
            OldPassword::Retain => {
                assert_eq!(self.server.engine, Engine::MySql, "only there a user has two passwords");
                account.passwords = vec![next.expose().into(), used.expose().into()];
            }
        });
        Ok(Change::Made)
    }

    async fn finish_own_change(&mut self, old: OldPassword) -> Result<(), CallError> {
        self.check_writes()?;
        if old == OldPassword::Discard {
            self.server.change(&self.user.0, |account| account.passwords.truncate(1));
        }
        Ok(())
    }

    async fn view_pair(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
    ) -> Result<PairView, CallError> {
        let_others_go_on().await;
        let is_one = [&alternation.base, &alternation.clone].contains(&&self.user);
        assert!(is_one, "{} is none of the two users", self.user);
        if self.server.engine == Engine::MySql {
            return Ok(PairView::default());
        }
        Ok(PairView {
            owned: Owned::by_clone(&self.server, alternation),
            membership: membership(&self.server, alternation),
            objection: objection(&self.server, alternation),
            sessions: (alternation.target == Target::Base)
                .then(|| self.server.sessions_of(&alternation.base)),
        })
    }

    async fn compare_pair(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
    ) -> Result<PairComparison, CallError> {
        let_others_go_on().await;
        self.is_used()?;
        let is_one = [&alternation.base, &alternation.clone].contains(&&self.user);
        assert!(is_one, "{} is none of the two users", self.user);
        Ok(match self.server.engine {
            Engine::MySql => PairComparison::Half(Box::new(self.half(alternation))),
            Engine::Postgres => PairComparison::Complete {
                owned: Owned::by_clone(&self.server, alternation),
                objection: inequality(&self.server, alternation),
            },
        })
    }

    async fn verify(&mut self, user: &Username, set_by: &SetBy) -> Result<Verification, CallError> {
        self.check_is(user)?;
        let mut verification = Verification::default();
        let (SetBy::Superuser(alternation, _) | SetBy::IdleUser(alternation)) = set_by else {
            return Ok(verification);
        };
        let half = self.half(alternation);
        match (self.server.engine, set_by) {
            (Engine::Postgres, _) => verification.differences = half.differences(),
            (Engine::MySql, SetBy::Superuser(..)) => verification.comparison = Some(Box::new(half)),
            (Engine::MySql, SetBy::IdleUser(_) | SetBy::User(_)) => {}
        }
        Ok(verification)
    }

    async fn on_replica(&mut self) -> Result<bool, CallError> {
        Ok(self.server.is_replica(&self.at.endpoint.host))
    }

    async fn check_own_change(
        &mut self,
        user: &Username,
        _used: &Password,
        _old: OldPassword,
    ) -> Result<Option<String>, CallError> {
        self.check_writes()?;
        self.check_is(user)?;
        let is_barred = self.account(user).is_some_and(|account| account.is_barred);
        Ok(is_barred.then(|| format!("{user} may not")))
    }

    async fn check_passwords(&mut self, _samples: &[Password]) -> Result<(), CallError> {
        Ok(())
    }

    async fn server_state(&mut self) -> Result<ServerState, CallError> {
        let replica = self.server.is_replica(&self.at.endpoint.host);
        Ok(ServerState {
            lockout: None,
            version: "memory 1".into(),
            signed_in_by: "a comparison".into(),
            read_only: replica.then(|| "is a replica".into()),
            time: None,
            sessions: None,
        })
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        let_others_go_on().await;
        if self.server.engine == Engine::MySql && *user != self.user {
            return Err(CallError::failed(Cause::MissingPrivilege, "PROCESS is missing"));
        }
        self.server.sessions_of(user)
    }

    async fn close(self: Box<Self>) {}
}

#[async_trait]
impl SuperuserSession for MemorySession {
    async fn install_password(
        &mut self,
        user: &Username,
        used: &Password,
        password: &Password,
    ) -> Result<(), CallError> {
        self.check_is_superuser()?;
        let account = self.account(user).unwrap_or_default();
        assert!(account.has(used.expose()), "the password that was used is not of {user}");
        self.server.change(&user.0, |account| {
            account.passwords = vec![password.expose().into()];
            account.is_expired = false;
        });
        Ok(())
    }

    async fn set_up_next_user(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
        password: &Password,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        let_others_go_on().await;
        self.check_is_superuser()?;
        let next = alternation.next_user();
        let acts_as = self.account(&self.user).and_then(|account| account.acts_as);
        let acts_as = acts_as.unwrap_or_else(|| self.user.clone());
        if let Some(unproven) = what_is_unproven(&self.server, alternation, &acts_as, evidence) {
            return Ok(AlternationOutcome::NeedsProof(unproven));
        }
        let base = self.account(&alternation.base).expect("the base has an account");
        self.server.change(&next.0, |account| {
            account.passwords = vec![password.expose().into()];
            if alternation.target == Target::Clone {
                account.rights = base.rights;
                account.grantor.get_or_insert(acts_as);
                (account.is_locked, account.is_expired) = (false, false);
            }
        });
        Ok(AlternationOutcome::Done)
    }

    async fn check_next_user(
        &mut self,
        alternation: &Alternation,
        _secret: &SecretId,
        evidence: &Evidence,
    ) -> Result<AlternationOutcome, CallError> {
        self.check_is_superuser()?;
        let acts_as = self.account(&self.user).and_then(|account| account.acts_as);
        let acts_as = acts_as.unwrap_or_else(|| self.user.clone());
        Ok(match what_is_unproven(&self.server, alternation, &acts_as, evidence) {
            Some(unproven) => AlternationOutcome::NeedsProof(unproven),
            None => AlternationOutcome::Done,
        })
    }

    async fn sessions_of(&mut self, user: &Username) -> Result<Sessions, CallError> {
        let_others_go_on().await;
        self.check_is_superuser()?;
        self.server.sessions_of(user)
    }

    async fn close(self: Box<Self>) {}
}
