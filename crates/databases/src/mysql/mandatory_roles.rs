//! Roles that every user of a MySQL server has (`mandatory_roles`). Nobody can revoke one (error 3628; tried: 9.7.4), also where it
//! was granted to an account before it became mandatory.

use rotation::CallError;

use super::account::Account;
use super::connection::Connection;
use super::dialect::Dialect;
use super::grant_tables::{hexadecimal, unknown_form};
use super::grants::Grants;

/// Adds to what a base holds the mandatory roles that its clone was granted and the base was not: the base has them all the same, and
/// the clone keeps them. SHOW GRANTS of another account shows only those that were granted to it (tried: 9.7.4).
///
/// # Errors
/// If the roles cannot be read. They are read only if the two accounts differ in a role.
pub(super) async fn add_to_base(
    connection: &mut Connection,
    base: &mut Grants,
    clone: &Grants,
) -> Result<(), CallError> {
    let excess = clone.roles.iter().filter(|(role, held)| base.roles.get(*role) < Some(*held));
    let excess: Vec<_> = excess.map(|(role, held)| (role.clone(), *held)).collect();
    if excess.is_empty() || connection.dialect == Dialect::MariaDb {
        return Ok(());
    }
    let mandatory = of_server(connection).await?;
    base.roles.extend(excess.into_iter().filter(|(role, _)| mandatory.contains(role)));
    Ok(())
}

/// Removes the mandatory roles from what the session's own account holds: another account has them as well, also where it was not
/// granted them.
///
/// # Errors
/// If the roles cannot be read. They are read only if the account was granted a role.
pub(super) async fn remove(connection: &mut Connection, own: &mut Grants) -> Result<(), CallError> {
    if own.roles.is_empty() || connection.dialect == Dialect::MariaDb {
        return Ok(());
    }
    let mandatory = of_server(connection).await?;
    own.roles.retain(|role, _| !mandatory.contains(role));
    Ok(())
}

/// Those of the session's user, which are the same for every user.
async fn of_server(connection: &mut Connection) -> Result<Vec<Account>, CallError> {
    let query = "SELECT DISTINCT CONCAT_WS(',', HEX(ROLE_NAME), HEX(ROLE_HOST)) FROM information_schema.APPLICABLE_ROLES \
        WHERE IS_MANDATORY = 'YES'";
    let mut roles = Vec::new();
    for row in connection.rows(query).await? {
        let values = hexadecimal(&row).map(|values: [_; 2]| values.map(String::from_utf8));
        let Some([Ok(user), Ok(host)]) = values else { return Err(unknown_form()) };
        roles.push(Account::at(user, host));
    }
    Ok(roles)
}
