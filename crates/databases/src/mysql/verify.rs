//! The check of testSecret: is a pending version's user what it should be? Needs no privilege: a user may look at itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use rotation::ports::{Comparison, OutgoingSession, SignIn, Verification};
use rotation::{Alternation, CallError, Password, SetBy, Target, Username};

use super::account_state::{AccountState, Whose, names};
use super::gone;
use super::grants::{Grants, Names};
use super::session::MySqlSession;
use super::sign_in::Connector;

/// Checks who the session is. For two users that have to be equal, also begins their comparison: a server shows a user its
/// own account only.
pub(super) async fn verify(
    session: &mut MySqlSession,
    user: &Username,
    set_by: &SetBy,
) -> Result<Verification, CallError> {
    let mut verification = Verification { differences: identity(session, user).await?, comparison: None };
    if let SetBy::Superuser(alternation) = set_by {
        let account = Arc::new(AccountView::read(session).await?);
        let (connector, alternation) = (session.connector.clone(), alternation.clone());
        verification.comparison = Some(Box::new(Incoming { connector, alternation, account }));
    }
    Ok(verification)
}

async fn identity(session: &mut MySqlSession, user: &Username) -> Result<Vec<String>, CallError> {
    let account = session.rows("SELECT CURRENT_USER()").await?.concat();
    if account.rsplit_once('@').is_none_or(|(name, _)| name != user.0) {
        return Ok(vec![format!("the session is of {account}, not of {user}")]);
    }
    Ok(Vec::new())
}

/// An account as its user sees it, without its name.
#[derive(Debug)]
struct AccountView {
    grants: Grants,
    names: Names,
    /// Limits, TLS, rules for passwords and so on; in lines that two users share if these are equal.
    rules: BTreeSet<String>,
}

impl AccountView {
    async fn read(session: &mut MySqlSession) -> Result<Self, CallError> {
        let mut own = AccountState::read(session, Whose::Own).await?;
        gone::forget_tables(session, &mut own.grants, Whose::Own).await?;
        let rules = own.settings.lines();
        Ok(Self { grants: own.grants.without_gifts(), names: names(session).await?, rules })
    }

    /// The privileges of `other`, an account of the same server, that this one lacks.
    fn lacks(&self, other: &Self) -> Vec<String> {
        self.grants.lost(&other.grants, self.names).lines()
    }
}

/// What is wrong with the user whose turn it is. A clone must equal its base. The base must have every privilege of the
/// clone; it may have more.
fn differences(alternation: &Alternation, incoming: &AccountView, outgoing: &AccountView) -> Vec<String> {
    let user = alternation.next_user();
    let lacks = |line: &String| format!("{user} lacks {line}");
    let has_more = |line: &String| format!("{user} has {line}, its base has not");
    let mut differences: Vec<_> = incoming.lacks(outgoing).iter().map(lacks).collect();
    if alternation.target == Target::Clone {
        differences.extend(outgoing.rules.difference(&incoming.rules).map(lacks));
        differences.extend(outgoing.lacks(incoming).iter().map(has_more));
        differences.extend(incoming.rules.difference(&outgoing.rules).map(has_more));
    }
    differences
}

/// The user whose turn it is, and how to sign in as the other one.
struct Incoming {
    connector: Connector,
    alternation: Alternation,
    account: Arc<AccountView>,
}

#[async_trait]
impl Comparison for Incoming {
    async fn sign_in(
        &self,
        outgoing: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OutgoingSession>, CallError> {
        let signed_in = SignIn::from(self.connector.sign_in(outgoing, password).await?);
        let (user, alternation, incoming) =
            (outgoing.clone(), self.alternation.clone(), Arc::clone(&self.account));
        Ok(signed_in.map::<dyn OutgoingSession>(|session| {
            Box::new(Outgoing { session, user, alternation, incoming })
        }))
    }
}

/// The outgoing user's session, and the account that it is compared with.
struct Outgoing {
    session: Box<MySqlSession>,
    user: Username,
    alternation: Alternation,
    incoming: Arc<AccountView>,
}

#[async_trait]
impl OutgoingSession for Outgoing {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        let Self { session, user, alternation, incoming } = self;
        let compare = async |session: &mut MySqlSession| {
            let mut found = identity(session, user).await?;
            found.extend(differences(alternation, incoming, &AccountView::read(session).await?));
            Ok(found)
        };
        session.bounded(compare).await
    }

    async fn close(self: Box<Self>) {
        self.session.end().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::grants::Known;

    fn view(rows: &[&str], rules: &[&str]) -> AccountView {
        let set = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
        let rows: Vec<_> = rows.iter().map(ToString::to_string).collect();
        let grants = Grants::parse(Known::MYSQL, &rows).unwrap_or_else(|error| panic!("{rows:?}: {error}"));
        AccountView { grants, names: Names::Patterns, rules: set(rules) }
    }

    fn found(target: Target, incoming: &AccountView, outgoing: &AccountView) -> Vec<String> {
        let (base, clone) = (Username("app".into()), Username("app_clone".into()));
        differences(&Alternation { base, clone, target }, incoming, outgoing)
    }

    #[test]
    fn a_clone_has_to_be_equal_and_a_base_may_have_more() {
        let less = view(&["GRANT SELECT ON `d`.* TO u"], &["LIMIT 1"]);
        let more = view(&["GRANT SELECT, UPDATE ON `d`.* TO u"], &["LIMIT 2"]);
        assert!(found(Target::Clone, &more, &more).is_empty());
        assert_eq!(
            found(Target::Clone, &less, &more),
            [
                "app_clone lacks UPDATE ON `d`.*",
                "app_clone lacks LIMIT 2",
                "app_clone has LIMIT 1, its base has not"
            ]
        );
        assert_eq!(found(Target::Clone, &more, &less).len(), 3);
        assert!(found(Target::Base, &more, &less).is_empty());
        assert_eq!(found(Target::Base, &less, &more), ["app lacks UPDATE ON `d`.*"]);
    }
}
