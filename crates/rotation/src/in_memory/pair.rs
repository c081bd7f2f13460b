//! Two alternating users in memory.

use async_trait::async_trait;

use super::server::MemoryServer;
use crate::error::Unproven;
use crate::ports::{Comparison, Evidence, Membership, OtherSession, OwnedObjects, SignIn};
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

/// What prevents an alternation that no superuser prepares.
pub(super) fn inequality(server: &MemoryServer, alternation: &Alternation) -> Option<Refusal> {
    let account = |user: &Username| server.account(&user.0).unwrap_or_default();
    let (base, clone) = (account(&alternation.base).rights, account(&alternation.clone).rights);
    let differs = match alternation.target {
        Target::Clone => base != clone,
        Target::Base => !clone.is_subset(&base),
    };
    differs.then(|| Refusal::Database { what: "the users differ".into(), remedy: "grant".into() })
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

/// The account of one of the two users.
#[derive(Clone)]
pub(super) struct Half {
    pub(super) user: Username,

    pub(super) server: MemoryServer,
    pub(super) at: Server,
    pub(super) alternation: Alternation,
}

impl Half {
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
impl Comparison for Half {
    async fn sign_in(
        &self,
        other: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OtherSession>, CallError> {
        let half = self.clone();
        assert_ne!(*other, half.user, "the other user is not this one");
        let signed_in = self.server.sign_in_at(&self.at, other, password).await?;
        Ok(signed_in.map::<dyn OtherSession>(|_| Box::new(Both { half })))
    }
}

/// Both users are signed in.
struct Both {
    half: Half,
}

#[async_trait]
impl OtherSession for Both {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        Ok(self.half.differences())
    }

    async fn objection(&mut self, alternation: &Alternation) -> Result<Option<Refusal>, CallError> {
        Ok(inequality(&self.half.server, alternation))
    }

    async fn close(self: Box<Self>) {}
}
