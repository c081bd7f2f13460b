//! Whether the superuser may change a role: from 16 on, CREATEROLE alone is not enough.

use rotation::{ADMINISTRATOR, Alternation, CallError, Cause, Refusal, Username, run_as};

use super::connection::Connection;
use super::errors::refused;
use super::query::text;
use super::quoting::identifier;

/// What a superuser is about to do with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// ALTER ROLE, for which any membership with the admin option is enough.
    Alter,
    /// GRANT, for which the superuser must inherit the rights of a member with the admin option.
    Grant,
}

/// Refuses if this superuser may not do that. Returns the refusal if only the server can tell: on RDS and Aurora, members of
/// `rds_superuser` may, without the admin option.
///
/// # Errors
/// The refusal holds the exact GRANT, which gives the superuser none of the role's rights.
pub(super) async fn check_admin(
    connection: &mut Connection,
    user: &Username,
    right: Right,
) -> Result<Option<Refusal>, CallError> {
    let query = "SELECT session_user::pg_catalog.text AS superuser, current_user::pg_catalog.text AS acts_as, \
         (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
             WHERE r.rolname = $1 AND m.admin_option AND pg_catalog.pg_has_role(current_user, m.member, $2) \
         ) AS has_admin_option, \
         (SELECT rolcreaterole OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS creates_roles, EXISTS ( \
             SELECT FROM pg_catalog.pg_roles r \
             WHERE r.rolname = 'rds_superuser' AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') \
         ) AS is_on_rds";
    let privilege = if right == Right::Grant { "USAGE" } else { "MEMBER" };
    let row = connection.row(query, &[text(&user.0), text(privilege)]).await?;
    let superuser = Username(connection.get(&row, "superuser")?);
    let acts_as = Username(connection.get(&row, "acts_as")?);
    let needs_no_option = !connection.has_membership_options() && (superuser == acts_as || acts_as != *user);
    let refusal = if !needs_no_option && !connection.get(&row, "has_admin_option")? {
        no_admin_option(user, &superuser, &acts_as)
    } else if connection.get(&row, "creates_roles")? {
        return Ok(None);
    } else {
        Refusal::Database {
            what: format!("{acts_as}, as which the superuser acts, has no CREATEROLE"),
            remedy: run_as(ADMINISTRATOR, &[format!("ALTER ROLE {} CREATEROLE", identifier(&acts_as))]),
        }
    };
    if connection.get(&row, "is_on_rds")? { Ok(Some(refusal)) } else { Err(refusal.into()) }
}

fn no_admin_option(user: &Username, superuser: &Username, acts_as: &Username) -> Refusal {
    let as_another = if superuser == acts_as {
        String::new()
    } else {
        format!(", which acts as {acts_as} by a setting of its own (ALTER ROLE ... SET role),")
    };
    let remedy = if acts_as == user {
        let reset = format!("ALTER ROLE {} RESET role", identifier(superuser));
        run_as("the superuser", &["SET ROLE NONE", &reset])
    } else {
        let options = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE";
        let grant = format!("GRANT {} TO {} {options}", identifier(user), identifier(acts_as));
        run_as("a role with that option", &[grant])
    };
    Refusal::Database {
        what: format!("the superuser {superuser}{as_another} has no admin option on {user}"),
        remedy,
    }
}

/// Adds the refusal to the server's error if only the server could tell; see [`check_admin`].
pub(super) fn explain_missing_privilege(error: CallError, doubt: Option<Refusal>) -> CallError {
    match (error, doubt) {
        (
            CallError::Failed { cause: Cause::MissingPrivilege, response },
            Some(Refusal::Database { what, remedy }),
        ) => refused(format!("{what} ({response})"), remedy),
        (error, _) => error,
    }
}

/// Refuses if the superuser is one of the two users: no role can be a member of itself.
///
/// # Errors
/// The refusal says so.
pub(super) async fn check_is_another(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let row = connection.row("SELECT session_user::pg_catalog.text AS superuser", &[]).await?;
    let superuser: String = connection.get(&row, "superuser")?;
    if superuser != alternation.base.0 && superuser != alternation.clone.0 {
        return Ok(());
    }
    Err(refused(
        format!("{superuser} is both the superuser and one of the two alternating users"),
        "name another superuser's secret in masterarn, or rotate this user as a single user",
    ))
}
