//! Copying the settings of a base to its clone.

use rotation::{Alternation, CallError, Cause, Username, run_as};

use super::super::connection::Connection;
use super::super::errors::refused;
use super::super::query::{text, texts};
use super::super::quoting::identifier;
use super::lists::{LISTS, TEMP_TABLESPACES, names_of};
use super::statements::reset_of;
use super::{SettingKey, Settings, of, wanted};

/// Makes the clone's settings what they must be; changes only those that differ.
///
/// # Errors
/// Refuses if the superuser may not set one, with the GRANT that allows it.
pub(in super::super) async fn equalize(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let wanted = wanted(connection, alternation).await?;
    let present = of(connection, &alternation.clone).await?;
    let differing: Vec<_> = wanted.iter().filter(|(key, value)| present.get(*key) != Some(*value)).collect();
    if differing.is_empty() {
        return remove(connection, alternation, &wanted, &present).await;
    }
    let row = connection.row("SELECT current_user::pg_catalog.text AS acts_as", &[]).await?;
    let acts_as = Username(connection.get(&row, "acts_as")?);
    for (key, value) in differing {
        if key.1 == TEMP_TABLESPACES {
            check_tablespaces(connection, alternation, key, value, &acts_as).await?;
        }
        if let Err(error) = set(connection, &alternation.clone, key, value).await {
            return Err(may_not_set(connection, error, alternation, key, &acts_as));
        }
    }
    remove(connection, alternation, &wanted, &present).await
}

async fn remove(
    connection: &mut Connection,
    alternation: &Alternation,
    wanted: &Settings,
    present: &Settings,
) -> Result<(), CallError> {
    for key in present.keys().filter(|key| !wanted.contains_key(key)) {
        reset(connection, &alternation.clone, key)
            .await
            .map_err(|error| may_not_reset(error, alternation, key))?;
    }
    Ok(())
}

async fn set(
    connection: &mut Connection,
    user: &Username,
    key: &SettingKey,
    value: &str,
) -> Result<(), CallError> {
    let (database, name) = key;
    if name == TEMP_TABLESPACES
        && let Some(names) = names_of(value)
    {
        // The base's own sessions ignore a tablespace that was dropped. Setting it in this session, as below, would fail.
        let literals = vec!["%L"; names.len()].join(", ");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return alter(connection, user, database.as_deref(), name, &format!("= {literals}"), &names).await;
    }
    if LISTS.contains(&name.as_str()) {
        let set = "SELECT pg_catalog.set_config($1, $2, true)";
        connection.row(set, &[text(name), text(value)]).await?;
        alter(connection, user, database.as_deref(), name, "FROM CURRENT", &[]).await?;
        // Restored before the next name is looked up.
        return connection.execute("SET LOCAL search_path = pg_catalog").await;
    }
    alter(connection, user, database.as_deref(), name, "= %L", &[value]).await
}

async fn alter(
    connection: &mut Connection,
    user: &Username,
    database: Option<&str>,
    name: &str,
    to: &str,
    values: &[&str],
) -> Result<(), CallError> {
    // The name of an extension's setting has several parts.
    let parts: Vec<&str> = name.split('.').collect();
    let name = vec!["%I"; parts.len()].join(".");
    let template = match database {
        Some(_) => format!("ALTER ROLE %I IN DATABASE %I SET {name} {to}"),
        None => format!("ALTER ROLE %I SET {name} {to}"),
    };
    let arguments: Vec<&str> =
        std::iter::once(user.0.as_str()).chain(database).chain(parts).chain(values.iter().copied()).collect();
    connection.run(&template, &arguments).await
}

async fn reset(connection: &mut Connection, user: &Username, key: &SettingKey) -> Result<(), CallError> {
    let (database, name) = key;
    let parts: Vec<&str> = name.split('.').collect();
    let name = vec!["%I"; parts.len()].join(".");
    let template = match database {
        Some(_) => format!("ALTER ROLE %I IN DATABASE %I RESET {name}"),
        None => format!("ALTER ROLE %I RESET {name}"),
    };
    let database = database.as_deref();
    let arguments: Vec<&str> = std::iter::once(user.0.as_str()).chain(database).chain(parts).collect();
    connection.run(&template, &arguments).await
}

/// Refuses if the superuser lacks CREATE on a tablespace that it has to set. All users have it on the database's own.
async fn check_tablespaces(
    connection: &mut Connection,
    alternation: &Alternation,
    key: &SettingKey,
    value: &str,
    acts_as: &Username,
) -> Result<(), CallError> {
    let query = "SELECT spcname::pg_catalog.text AS name, spcowner::pg_catalog.regrole::pg_catalog.text AS owner \
         FROM pg_catalog.pg_tablespace t WHERE spcname = ANY ($1) \
         AND NOT pg_catalog.has_tablespace_privilege(t.oid, 'CREATE') AND t.oid <> ( \
             SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         ORDER BY 2, 1";
    let names = names_of(value).unwrap_or_default();
    let rows = connection.rows(query, &[texts(names.iter().map(String::as_str))]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (name, owner): (String, String) = (connection.get(row, "name")?, connection.get(row, "owner")?);
    let grant = format!(
        "GRANT CREATE ON TABLESPACE {} TO {}",
        identifier(&Username(name.clone())),
        identifier(acts_as)
    );
    Err(refused(
        format!(
            "{} has the setting {TEMP_TABLESPACES}, and {acts_as} may not create in {name}, so it may not set it for {}",
            alternation.base, alternation.clone
        ),
        format!(
            "{}; or {}",
            run_as(&format!("the role {owner}"), &[grant]),
            run_as(
                &format!("the role {}", identifier(&alternation.base)),
                &[reset_of(&alternation.base, key)]
            )
        ),
    ))
}

/// Refuses. On RDS and Aurora, which have no role with SUPERUSER, the only remedy is to remove the setting.
fn may_not_set(
    connection: &Connection,
    error: CallError,
    alternation: &Alternation,
    key: &SettingKey,
    acts_as: &Username,
) -> CallError {
    if error.cause() != Some(Cause::MissingPrivilege) {
        return error;
    }
    let (base, name) = (&alternation.base, &key.1);
    let mut remedy = run_as("the role that has set it", &[reset_of(base, key)]);
    if connection.version() >= 150_000 {
        let grant = format!("GRANT SET ON PARAMETER {name} TO {}", identifier(acts_as));
        remedy =
            format!("{remedy}; or (not on RDS and Aurora), {}", run_as("a role with SUPERUSER", &[grant]));
    }
    refused(
        format!("{base} has the setting {name}, which this superuser may not set for {}", alternation.clone),
        remedy,
    )
}

fn may_not_reset(error: CallError, alternation: &Alternation, key: &SettingKey) -> CallError {
    if error.cause() != Some(Cause::MissingPrivilege) {
        return error;
    }
    let (base, clone) = (&alternation.base, &alternation.clone);
    refused(
        format!("{clone} has the setting {}, which {base} lacks and this superuser may not remove", key.1),
        run_as("the role that has set it", &[reset_of(clone, key)]),
    )
}
