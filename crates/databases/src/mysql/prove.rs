//! The proof that a pending version's user is what it should be. Needs no privilege: a user may look at itself.

use rotation::edges::{OwnView, Proof};
use rotation::{EdgeError, Installer, Username};

use super::described::{Described, Whose};
use super::session::MySqlSession;

/// Who the session is; and, for two users that are to be equal, what it may do and what it is held to.
pub(super) async fn prove(
    session: &mut MySqlSession,
    user: &Username,
    installer: &Installer,
) -> Result<Proof, EdgeError> {
    let mut proof = Proof::default();
    let account = session.rows("SELECT CURRENT_USER()").await?.concat();
    if account.rsplit_once('@').is_none_or(|(name, _)| name != user.0) {
        proof.differences.push(format!("the session is of {account}, not of {user}"));
    }
    if matches!(installer, Installer::Superuser(_)) {
        let own = Described::read(session, Whose::Own).await?;
        proof.own = Some(OwnView { rights: own.grants.lines(), rules: own.settings.lines() });
    }
    Ok(proof)
}
