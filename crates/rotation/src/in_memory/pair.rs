//! Two alternating users in memory.

use async_trait::async_trait;

use super::server::MemoryServer;
use crate::error::Unproven;
use crate::ports::{Comparison, Evidence, Membership, OutgoingSession, OwnedObjects, SignIn};
use crate::{Alternation, CallError, Cause, Password, Refusal, Server, Target, Username};

/// The objects that the clone owns.
pub(super) struct Owned {
    server: MemoryServer,
    alternation: Alternation,
    databases: Vec<String>,
}

impl Owned {
    pub(super) fn by_clone(
        server: &MemoryServer,
        alternation: &Alternation,
    ) -> Option<Box<dyn OwnedObjects>> {
        let databases = server.account(&alternation.clone.0)?.owns;
        let owned = Self { server: server.clone(), alternation: alternation.clone(), databases };
        if owned.databases.is_empty() { None } else { Some(Box::new(owned)) }
    }
}

#[async_trait]
impl OwnedObjects for Owned {
    fn databases(&self) -> Vec<&str> {
        self.databases.iter().map(String::as_str).collect()
    }

    async fn reassign(&self, server: &Server, password: &Password) -> Result<(), CallError> {
        let Alternation { base, clone, .. } = &self.alternation;
        match self.server.sign_in_at(server, clone, password).await? {
            SignIn::Accepted(_) => {}
            SignIn::Rejected(response) | SignIn::Expired(response) => {
                return Err(CallError::failed(Cause::SignInRefused, response));
            }
        }
        let owned = self.server.change(&clone.0, |clone| std::mem::take(&mut clone.owns));
        self.server.change(&base.0, |base| base.owns.extend(owned));
        Ok(())
    }
}

pub(super) fn membership(server: &MemoryServer, alternation: &Alternation) -> Option<Membership> {
    let grantors = server.account(&alternation.clone.0)?.grantor.into_iter().collect();
    Some(Membership { grantors, unproven: unproven(&alternation.clone) })
}

/// At the base's turn the application would lose what only the clone has.
pub(super) fn objection(server: &MemoryServer, alternation: &Alternation) -> Option<Refusal> {
    let account = |user: &Username| server.account(&user.0).unwrap_or_default();
    let (base, clone) = (account(&alternation.base), account(&alternation.clone));
    let loses = alternation.target == Target::Base && !clone.rights.is_subset(&base.rights);
    loses.then(|| Refusal::Database { what: "the base lacks rights".into(), remedy: "grant them".into() })
}

/// What the refusal says if nothing shows that an existing account is the other user's.
pub(super) fn what_is_unproven(
    server: &MemoryServer,
    alternation: &Alternation,
    acts_as: &Username,
    evidence: &Evidence,
) -> Option<Unproven> {
    let clone = server.account(&alternation.clone.0)?;
    let next = server.account(&alternation.next_user().0)?;
    let is_proven = match evidence {
        Evidence::None => clone.grantor.as_ref() == Some(acts_as),
        Evidence::Passwords(passwords) => passwords.iter().any(|password| next.has(password.expose())),
        Evidence::SignedIn => true,
    };
    (!is_proven).then(|| unproven(alternation.next_user()))
}

fn unproven(user: &Username) -> Unproven {
    Unproven { what: format!("{user} exists"), if_ours: None, otherwise: "drop it".into() }
}

/// The account of the incoming user.
pub(super) struct Incoming {
    pub(super) server: MemoryServer,
    pub(super) at: Server,
    pub(super) alternation: Alternation,
}

impl Incoming {
    /// A clone must equal its base; the base must have what the clone has.
    pub(super) fn differences(&self) -> Vec<String> {
        let account = |user: &Username| self.server.account(&user.0).unwrap_or_default();
        let Alternation { base, clone, target } = &self.alternation;
        let (base, clone) = (account(base).rights, account(clone).rights);
        let (lacks, has_more) = match target {
            Target::Clone => (base.difference(&clone), clone.difference(&base)),
            Target::Base => (clone.difference(&base), clone.difference(&clone)),
        };
        lacks
            .map(|right| format!("lacks {right}"))
            .chain(has_more.map(|right| format!("has {right}")))
            .collect()
    }
}

#[async_trait]
impl Comparison for Incoming {
    async fn sign_in(
        &self,
        outgoing: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OutgoingSession>, CallError> {
        let Self { server, at, alternation } = self;
        assert_ne!(outgoing, alternation.next_user(), "the outgoing user is the other one");
        let incoming = Self { server: server.clone(), at: at.clone(), alternation: alternation.clone() };
        let signed_in = server.sign_in_at(at, outgoing, password).await?;
        Ok(signed_in.map::<dyn OutgoingSession>(|_| Box::new(Outgoing { incoming })))
    }
}

struct Outgoing {
    incoming: Incoming,
}

#[async_trait]
impl OutgoingSession for Outgoing {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        Ok(self.incoming.differences())
    }

    async fn close(self: Box<Self>) {}
}
