//! The engine in memory.

use std::net::IpAddr;

use async_trait::async_trait;

use super::clock::let_others_go_on;
use super::server::{Engine, MemoryServer};
use super::session::MemorySession;
use crate::ports::{Database, ProofOfOtherUser, Reached, SignIn, SuperuserSession, UserSession};
use crate::{Alternation, CallError, Cause, Password, Server, Stage, Tls, Username};

impl MemoryServer {
    /// Signs in: a wrong password is rejected, and so is a user that does not exist.
    pub(super) async fn sign_in_at(
        &self,
        at: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<MemorySession>, CallError> {
        let_others_go_on().await;
        self.connect(&at.endpoint).await?;
        let account = self.seen_at(&at.endpoint.host, &user.0);
        let Some(account) = account.filter(|account| account.has(password.expose())) else {
            return Ok(SignIn::Rejected(format!("wrong password of {user}")));
        };
        if account.is_full {
            return Err(CallError::failed(
                Cause::TooManyConnections,
                format!("{user} has no connection left"),
            ));
        }
        if account.is_locked {
            return Err(CallError::failed(Cause::Locked, format!("{user} is locked")));
        }
        if account.is_expired {
            return Ok(SignIn::Expired(format!("the password of {user} has expired")));
        }
        let (server, used) = (self.clone(), self.clock.now());
        let session = MemorySession { server, at: at.clone(), user: user.clone(), used };
        Ok(SignIn::Accepted(Box::new(session)))
    }
}

#[async_trait]
impl Database for MemoryServer {
    fn engines(&self) -> &'static [&'static str] {
        &["memory"]
    }

    fn default_port(&self) -> u16 {
        5432
    }

    fn username_error(&self, user: &Username, _engine: &str) -> Option<&'static str> {
        (user.0.len() > 63).then_some("is longer than 63 bytes")
    }

    fn opens_one_database(&self) -> bool {
        self.engine == Engine::Postgres
    }

    fn proof_of_other_user(&self) -> ProofOfOtherUser {
        match self.engine {
            Engine::Postgres => ProofOfOtherUser::MembershipOrSignIn,
            Engine::MySql => ProofOfOtherUser::StoredVerifier,
        }
    }

    fn manual_remedy(&self, user: &Username, stage: Stage) -> String {
        format!("set the password of {user} to {stage}'s")
    }

    fn creation_of_clone(&self, alternation: &Alternation) -> String {
        format!("CREATE {}", alternation.clone)
    }

    async fn reach(&self, server: &Server) -> Result<Reached, CallError> {
        let address = IpAddr::from([127, 0, 0, 1]);
        Ok(Reached { addresses: vec![(address, self.connect(&server.endpoint).await)], tls: None })
    }

    async fn sign_in(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn UserSession>, CallError> {
        let signed_in = self.sign_in_at(server, user, password).await?;
        Ok(signed_in.map::<dyn UserSession>(|session| session))
    }

    async fn sign_in_superuser(
        &self,
        server: &Server,
        user: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn SuperuserSession>, CallError> {
        assert_eq!(server.tls, Tls::Required, "a superuser signs in over TLS");
        let signed_in = self.sign_in_at(server, user, password).await?;
        Ok(signed_in.map::<dyn SuperuserSession>(|session| session))
    }
}
