//! Verifies that a signed-in user is the one it should be. Needs no privilege.

use rotation::ports::Verification;
use rotation::{Alternation, CallError, SetBy, Target, Username};
use sqlx::postgres::PgRow;

use super::begin::Access;
use super::connection::Connection;
use super::query::text;
use super::role_settings;

/// Whose session this is, and as whom it acts; for a clone, whether it is equal to its base.
pub(super) async fn verify(
    connection: &mut Connection,
    user: &Username,
    set_by: &SetBy,
) -> Result<Verification, CallError> {
    let differences = match set_by {
        SetBy::Superuser(alternation, _) | SetBy::IdleUser(alternation)
            if alternation.target == Target::Clone =>
        {
            let mut differences = identity(connection, user, "").await?;
            differences.extend(equality(connection, alternation).await?);
            connection.commit().await?;
            differences
        }
        SetBy::Superuser(..) | SetBy::IdleUser(_) => identity(connection, user, "; COMMIT").await?,
        SetBy::User(_) => session(connection, user, "; COMMIT").await?,
    };
    Ok(Verification { differences, comparison: None })
}

/// What begins every query here, and ends it if the user changes its own password: as whom it acts is its own decision then, and
/// reading the settings takes a new session several times as long.
const SESSION: &str = "SELECT session_user::pg_catalog.text AS session_user";

/// Compares the session's user with the expected one. Begins the transaction; `end` follows the query.
async fn session(connection: &mut Connection, user: &Username, end: &str) -> Result<Vec<String>, CallError> {
    let rows = connection.begin_with(Access::Read, &format!("{SESSION}{end}"), &[]).await?;
    other_user(connection, user, &rows)
}

/// The same, and compares as whom the session acts. Of the `role` settings that apply, the most specific counts; one that the user may
/// not set is ignored at sign-in, with a WARNING only; `none` is the user itself.
async fn identity(connection: &mut Connection, user: &Username, end: &str) -> Result<Vec<String>, CallError> {
    let privilege = if connection.has_membership_options() { "SET" } else { "MEMBER" };
    let query = format!(
        "{SESSION}, current_user::pg_catalog.text AS current_user, \
         coalesce((SELECT coalesce(r.rolname, session_user) \
                   FROM pg_catalog.pg_db_role_setting s CROSS JOIN pg_catalog.unnest(s.setconfig) c \
                   LEFT JOIN pg_catalog.pg_roles r ON 'role=' || r.rolname = c \
                   WHERE s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)) \
                   AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database \
                                             WHERE datname = pg_catalog.current_database())) \
                   AND (c = 'role=none' OR c LIKE 'role=%' AND pg_catalog.pg_has_role(session_user, r.oid, $1)) \
                   ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1), \
                  session_user)::pg_catalog.text AS expected{end}"
    );
    let rows = connection.begin_with(Access::Read, &query, &[text(privilege)]).await?;
    let mut differences = other_user(connection, user, &rows)?;
    let row = rows.last().ok_or_else(|| connection.no_rows())?;
    let current_user: String = connection.get(row, "current_user")?;
    let expected: String = connection.get(row, "expected")?;
    if current_user != expected {
        differences.push(format!("the session of {user} acts as {current_user}, not as {expected}"));
    }
    Ok(differences)
}

fn other_user(connection: &Connection, user: &Username, rows: &[PgRow]) -> Result<Vec<String>, CallError> {
    let row = rows.last().ok_or_else(|| connection.no_rows())?;
    let session_user: String = connection.get(row, "session_user")?;
    Ok(if session_user == user.0 {
        Vec::new()
    } else {
        vec![format!("the session is of {session_user}, not of {user}")]
    })
}

/// Whether the clone is equal to its base, as the clone itself sees it.
async fn equality(connection: &mut Connection, alternation: &Alternation) -> Result<Vec<String>, CallError> {
    let privilege = if connection.has_membership_options() { "SET" } else { "MEMBER" };
    let query = "SELECT pg_catalog.pg_has_role(c.oid, b.oid, $3) AS is_member, c.rolconnlimit = b.rolconnlimit AS same_limit, \
         coalesce(c.rolvaliduntil, 'infinity') = coalesce(b.rolvaliduntil, 'infinity') AS same_expiry \
         FROM pg_catalog.pg_roles b, pg_catalog.pg_roles c WHERE b.rolname = $1 AND c.rolname = $2";
    let rows = connection
        .rows(query, &[text(&alternation.base.0), text(&alternation.clone.0), text(privilege)])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(vec![format!("there is no user {}", alternation.base)]);
    };
    let mut differences = Vec::new();
    for (column, difference) in [
        ("is_member", format!("{} is no member of {}", alternation.clone, alternation.base)),
        ("same_limit", "CONNECTION LIMIT differs".into()),
        ("same_expiry", "VALID UNTIL differs".into()),
    ] {
        if !connection.get::<bool>(row, column)? {
            differences.push(difference);
        }
    }
    let wanted = role_settings::wanted(connection, alternation).await?;
    let clone = role_settings::of(connection, &alternation.clone).await?;
    differences.extend(role_settings::differences(&wanted, &clone));
    Ok(differences)
}
