//! Verifies that a signed-in user is the one it should be. Needs no privilege: a user may read its own account.

use std::sync::Arc;

use async_trait::async_trait;
use rotation::ports::{Comparison, OtherSession, PairComparison, SignIn, Verification};
use rotation::{Alternation, CallError, Password, Refusal, SetBy, Username};

use super::account_state::AccountState;
use super::connection::Connection;
use super::dropped_objects::{self, Reader};
use super::equality;
use super::grants::DatabaseNames;
use super::identity;
use super::mandatory_roles;
use super::other_hosts;
use super::sign_in::sign_in;
use crate::dial::Connector;

/// Checks whose session this is. For two users that have to be equal, also begins their comparison: a server shows a user its
/// own account only.
pub(super) async fn verify(
    connection: &mut Connection,
    user: &Username,
    set_by: &SetBy,
) -> Result<Verification, CallError> {
    let mut verification =
        Verification { differences: misidentified(connection, user).await?, comparison: None };
    // Without a superuser, setSecret has compared the two users.
    if let SetBy::Superuser(alternation, _) = set_by {
        verification.comparison = Some(Box::new(Half::read(connection, alternation).await?));
    }
    Ok(verification)
}

/// Begins the comparison of two users that no superuser makes equal.
pub(super) async fn compare(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<PairComparison, CallError> {
    let is_clone = connection.account.user == alternation.clone.0;
    identity::check_is(connection, if is_clone { &alternation.clone } else { &alternation.base }).await?;
    Ok(PairComparison::Half(Box::new(Half::read(connection, alternation).await?)))
}

async fn misidentified(connection: &mut Connection, user: &Username) -> Result<Vec<String>, CallError> {
    let account = connection.rows("SELECT CURRENT_USER()").await?.concat();
    if account.rsplit_once('@').is_none_or(|(name, _)| name != user.0) {
        return Ok(vec![format!("the session is of {account}, not of {user}")]);
    }
    Ok(Vec::new())
}

/// An account as its user sees it, without its name.
#[derive(Debug)]
pub(super) struct AccountView {
    state: AccountState,
    names: DatabaseNames,
}

impl AccountView {
    pub(super) async fn read(connection: &mut Connection) -> Result<Self, CallError> {
        let mut own = AccountState::read_own(connection).await?;
        dropped_objects::remove_dropped_tables(connection, &mut own.grants, Reader::Itself).await?;
        mandatory_roles::remove(connection, &mut own.grants).await?;
        Ok(Self { names: connection.database_names().await?, state: own })
    }

    pub(super) fn into_state(self) -> AccountState {
        self.state
    }
}

/// The account of one user, and how to sign in as the other one.
struct Half {
    connector: Connector,
    alternation: Alternation,
    account: Arc<AccountView>,
}

impl Half {
    async fn read(connection: &mut Connection, alternation: &Alternation) -> Result<Self, CallError> {
        let account = Arc::new(AccountView::read(connection).await?);
        Ok(Self { connector: connection.connector.clone(), alternation: alternation.clone(), account })
    }
}

#[async_trait]
impl Comparison for Half {
    async fn sign_in(
        &self,
        other: &Username,
        password: &Password,
    ) -> Result<SignIn<dyn OtherSession>, CallError> {
        let signed_in = SignIn::from(sign_in(&self.connector, other, password).await?);
        let (user, password) = (other.clone(), password.clone());
        let (alternation, first) = (self.alternation.clone(), Arc::clone(&self.account));
        Ok(signed_in.map::<dyn OtherSession>(|connection| {
            Box::new(Other { connection, user, password, alternation, first })
        }))
    }
}

/// The other user's session, and the account that it is compared with.
struct Other {
    connection: Box<Connection>,
    user: Username,
    password: Password,
    alternation: Alternation,
    first: Arc<AccountView>,
}

#[async_trait]
impl OtherSession for Other {
    async fn differences(&mut self) -> Result<Vec<String>, CallError> {
        let Self { connection, user, alternation, first, .. } = self;
        let compare = async |connection: &mut Connection| {
            let mut found = misidentified(connection, user).await?;
            let second = AccountView::read(connection).await?;
            found.extend(equality::differences(alternation, &first.state, &second.state, first.names));
            Ok(found)
        };
        connection.within_limit(compare).await
    }

    async fn objection(&mut self, alternation: &Alternation) -> Result<Option<Refusal>, CallError> {
        let Self { connection, user, password, first, .. } = self;
        let compare = async |connection: &mut Connection| {
            identity::check_is(connection, user).await?;
            // The first user changes one account, and the application signs in wherever this one does.
            if let Some(seen) = other_hosts::seen(connection, password).await {
                return Ok(Some(other_hosts::refusal(&first.state.account, &seen)));
            }
            let second = AccountView::read(connection).await?;
            let (base, clone) =
                if *user == alternation.clone { (&**first, &second) } else { (&second, &**first) };
            let server = (connection.dialect, second.names);
            Ok(equality::objection(alternation, &base.state, &clone.state, server))
        };
        connection.within_limit(compare).await
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}
