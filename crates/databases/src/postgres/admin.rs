//! Whether a superuser may change a role: from 16 on, CREATEROLE alone is not enough. And who it acts as.

use rotation::{Alternation, CallError, Cause, Refusal, Username, run_as};

use super::clone_check::{identifier, refused};
use super::query::text;
use super::session::PostgresSession;

/// What a superuser is about to do with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// ALTER ROLE, for which any membership that has the admin option is enough.
    Alter,
    /// GRANT, for which the rights of a member that has it must be inherited.
    Grant,
}

/// Refuses where this superuser may not do that. Answers the refusal where only the server can tell: members of `rds_superuser`
/// may, on RDS and Aurora, without the admin option.
///
/// # Errors
/// The refusal holds the exact GRANT, which gives the superuser none of the role's own rights.
pub(super) async fn check_admin(
    session: &mut PostgresSession,
    user: &Username,
    right: Right,
) -> Result<Option<Refusal>, CallError> {
    let query = "SELECT session_user::pg_catalog.text AS superuser, current_user::pg_catalog.text AS acts_as, \
         (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR EXISTS ( \
             SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid \
             WHERE r.rolname = $1 AND m.admin_option AND pg_catalog.pg_has_role(current_user, m.member, $2) \
         ) AS has_admin_option, EXISTS ( \
             SELECT FROM pg_catalog.pg_roles r \
             WHERE r.rolname = 'rds_superuser' AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') \
         ) AS is_on_rds";
    let privilege = if right == Right::Grant { "USAGE" } else { "MEMBER" };
    let row = session.row(query, &[text(&user.0), text(privilege)]).await?;
    let superuser = Username(session.get(&row, "superuser")?);
    let acts_as = Username(session.get(&row, "acts_as")?);
    let without = !session.has_membership_options() && (superuser == acts_as || acts_as != *user);
    if without || session.get(&row, "has_admin_option")? {
        return Ok(None);
    }
    let refusal = no_admin_option(user, &superuser, &acts_as);
    if session.get(&row, "is_on_rds")? { Ok(Some(refusal)) } else { Err(refusal.into()) }
}

fn no_admin_option(user: &Username, superuser: &Username, acts_as: &Username) -> Refusal {
    let as_another = if superuser == acts_as {
        String::new()
    } else {
        format!(" acts as {acts_as}, by a setting of its own (ALTER ROLE ... SET role), and so")
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

/// What the server answered where only it could tell; see [`check_admin`].
pub(super) fn refused_by_the_server(error: CallError, doubt: Option<Refusal>) -> CallError {
    match (error, doubt) {
        (
            CallError::Failed { cause: Cause::MissingPrivilege, answer },
            Some(Refusal::Database { what, remedy }),
        ) => refused(format!("{what} ({answer})"), remedy),
        (error, _) => error,
    }
}

/// Refuses where the superuser is one of the two users: nobody is the member of itself.
///
/// # Errors
/// The refusal says so.
pub(super) async fn check_is_another(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let row = session.row("SELECT session_user::pg_catalog.text AS superuser", &[]).await?;
    let superuser: String = session.get(&row, "superuser")?;
    if superuser != alternation.base.0 && superuser != alternation.clone.0 {
        return Ok(());
    }
    Err(refused(
        format!("{superuser} is both the superuser and one of the two users that are to take turns"),
        "name another superuser's secret in masterarn, or rotate this user as a single user",
    ))
}
