//! Whether the server signed a user in as itself.

use rotation::{CallError, Refusal, Username, run_as};

use super::account::Account;
use super::connection::Connection;
use super::grants;
use super::tokens::Tokens;

/// Refuses if the server signed the user in as another account, such as an anonymous one.
pub(super) async fn check_is(connection: &mut Connection, user: &Username) -> Result<(), CallError> {
    if connection.account.user == user.0 {
        return Ok(());
    }
    let (endpoint, acts_as) = (&connection.connector.server.endpoint, connection.account.clone());
    let what = format!("{endpoint} signs {user} in as {acts_as}, another account");
    // A server of MySQL may map users (check_proxy_users); any user may grant PROXY on itself.
    let proxy = connection.rows("SELECT IFNULL(@@proxy_user, '')").await?.concat();
    let Ok(proxy) = grants::account(&mut Tokens::of(&proxy)) else {
        let remedy =
            format!("drop that account, or give {user} one for the host that this function comes from");
        return Err(Refusal::Database { what, remedy }.into());
    };
    let revoke = format!("REVOKE PROXY ON {acts_as} FROM {proxy}");
    Err(Refusal::Database {
        what: format!("{what}, by PROXY"),
        remedy: run_as(&who_can_revoke_proxy(&acts_as), &[revoke]),
    }
    .into())
}

/// Who can revoke a PROXY on this account, as the subject of a remedy.
pub(super) fn who_can_revoke_proxy(on: &Account) -> String {
    format!(
        "{on} itself (which needs an account for that), or an administrator who holds PROXY on it WITH GRANT OPTION,"
    )
}
