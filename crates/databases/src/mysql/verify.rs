//! The proof that a pending version's user is what it should be. Needs no privilege: a user may look at itself.

use std::any::Any;
use std::sync::Arc;

use rotation::ports::{AccountView, Rights, Verification};
use rotation::{CallError, SetBy, Username};

use super::account_state::{AccountState, Whose, names};
use super::gone;
use super::grants::{Grants, Names};
use super::session::MySqlSession;

/// Who the session is; and, for two users that are to be equal, what it may do and what it is held to.
pub(super) async fn verify(
    session: &mut MySqlSession,
    user: &Username,
    set_by: &SetBy,
) -> Result<Verification, CallError> {
    let mut proof = Verification::default();
    let account = session.rows("SELECT CURRENT_USER()").await?.concat();
    if account.rsplit_once('@').is_none_or(|(name, _)| name != user.0) {
        proof.differences.push(format!("the session is of {account}, not of {user}"));
    }
    if matches!(set_by, SetBy::Superuser(_)) {
        let mut own = AccountState::read(session, Whose::Own).await?;
        gone::forget_tables(session, &mut own.grants, Whose::Own).await?;
        let rights = Arc::new(Own { grants: own.grants.without_gifts(), names: names(session).await? });
        proof.own = Some(AccountView { rights, rules: own.settings.lines() });
    }
    Ok(proof)
}

/// What a user may do, by its own eyes.
#[derive(Debug)]
struct Own {
    grants: Grants,
    names: Names,
}

impl Rights for Own {
    fn lacks(&self, other: &dyn Rights) -> Vec<String> {
        match other.as_any().downcast_ref::<Self>() {
            Some(other) => self.grants.lost(&other.grants, self.names).lines(),
            None => vec!["what a server of another engine shows".to_owned()],
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
