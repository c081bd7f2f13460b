//! Copying the settings of a base to its clone.

use rotation::{Alternation, CallError, Cause, Username, run_as};

use super::super::clone_check::{identifier, refused};
use super::super::query::{text, texts};
use super::super::session::PostgresSession;
use super::{Place, Settings, of, wanted};

/// Settings whose stored value is a list of quoted names (`GUC_LIST_QUOTE`; extensions cannot add any, and
/// `pg_dump` lists the same). Quoted as one literal, such a list would become one name.
const LISTS: [&str; 4] =
    ["local_preload_libraries", "search_path", "session_preload_libraries", TEMP_TABLESPACES];

/// The one of them that names what has to exist.
const TEMP_TABLESPACES: &str = "temp_tablespaces";

/// Makes the clone's settings what they have to be, touching only what differs.
///
/// # Errors
/// A refusal where the superuser may not set one, with the GRANT that cures it.
pub(in super::super) async fn equalize(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<(), CallError> {
    let wanted = wanted(session, alternation).await?;
    let present = of(session, &alternation.clone).await?;
    let differing: Vec<_> =
        wanted.iter().filter(|(place, value)| present.get(*place) != Some(*value)).collect();
    if differing.is_empty() {
        return remove(session, alternation, &wanted, &present).await;
    }
    let row = session.row("SELECT current_user::pg_catalog.text AS acts_as", &[]).await?;
    let acts_as = Username(session.get(&row, "acts_as")?);
    for (place, value) in differing {
        if place.1 == TEMP_TABLESPACES {
            check_tablespaces(session, alternation, place, value, &acts_as).await?;
        }
        if let Err(error) = set(session, &alternation.clone, place, value).await {
            return Err(may_not_set(session, error, alternation, place, &acts_as));
        }
    }
    remove(session, alternation, &wanted, &present).await
}

async fn remove(
    session: &mut PostgresSession,
    alternation: &Alternation,
    wanted: &Settings,
    present: &Settings,
) -> Result<(), CallError> {
    for place in present.keys().filter(|place| !wanted.contains_key(place)) {
        reset(session, &alternation.clone, place)
            .await
            .map_err(|error| may_not_reset(error, alternation, place))?;
    }
    Ok(())
}

async fn set(
    session: &mut PostgresSession,
    user: &Username,
    place: &Place,
    value: &str,
) -> Result<(), CallError> {
    let (database, name) = place;
    if name == TEMP_TABLESPACES
        && let Some(names) = names_of(value)
    {
        // The base's own session passes over a tablespace that is gone. Tried out in ours, as below, it would have to be there.
        let literals = vec!["%L"; names.len()].join(", ");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return alter(session, user, database.as_deref(), name, &format!("= {literals}"), &names).await;
    }
    if LISTS.contains(&name.as_str()) {
        let set = "SELECT pg_catalog.set_config($1, $2, true)";
        session.row(set, &[text(name), text(value)]).await?;
        alter(session, user, database.as_deref(), name, "FROM CURRENT", &[]).await?;
        // Ours again, before the next name is looked up.
        return session.execute("SET LOCAL search_path = pg_catalog").await;
    }
    alter(session, user, database.as_deref(), name, "= %L", &[value]).await
}

/// The names in a list as `ALTER ROLE ... SET` stores it; none where it was stored in another way, or is empty.
fn names_of(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = list;
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (name, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (Some(name.to_owned()).filter(|name| !name.is_empty())?, after)
            }
        };
        names.push(name);
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return after.is_empty().then_some(names),
        }
    }
}

async fn alter(
    session: &mut PostgresSession,
    user: &Username,
    database: Option<&str>,
    name: &str,
    to: &str,
    values: &[&str],
) -> Result<(), CallError> {
    // An extension's setting is a name of several parts.
    let parts: Vec<&str> = name.split('.').collect();
    let name = vec!["%I"; parts.len()].join(".");
    let template = match database {
        Some(_) => format!("ALTER ROLE %I IN DATABASE %I SET {name} {to}"),
        None => format!("ALTER ROLE %I SET {name} {to}"),
    };
    let arguments: Vec<&str> =
        std::iter::once(user.0.as_str()).chain(database).chain(parts).chain(values.iter().copied()).collect();
    session.run(&template, &arguments).await
}

async fn reset(session: &mut PostgresSession, user: &Username, place: &Place) -> Result<(), CallError> {
    let (database, name) = place;
    let parts: Vec<&str> = name.split('.').collect();
    let name = vec!["%I"; parts.len()].join(".");
    let template = match database {
        Some(_) => format!("ALTER ROLE %I IN DATABASE %I RESET {name}"),
        None => format!("ALTER ROLE %I RESET {name}"),
    };
    let database = database.as_deref();
    let arguments: Vec<&str> = std::iter::once(user.0.as_str()).chain(database).chain(parts).collect();
    session.run(&template, &arguments).await
}

/// Who gives a role tablespaces has to have CREATE on each that exists; on the database's own everybody has.
async fn check_tablespaces(
    session: &mut PostgresSession,
    alternation: &Alternation,
    place: &Place,
    value: &str,
    acts_as: &Username,
) -> Result<(), CallError> {
    let query = "SELECT spcname::pg_catalog.text AS name, spcowner::pg_catalog.regrole::pg_catalog.text AS owner \
         FROM pg_catalog.pg_tablespace t WHERE spcname = ANY ($1) \
         AND NOT pg_catalog.has_tablespace_privilege(t.oid, 'CREATE') AND t.oid <> ( \
             SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         ORDER BY 2, 1";
    let names = names_of(value).unwrap_or_default();
    let rows = session.rows(query, &[texts(names.iter().map(String::as_str))]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (name, owner): (String, String) = (session.get(row, "name")?, session.get(row, "owner")?);
    let grant = format!(
        "GRANT CREATE ON TABLESPACE {} TO {}",
        identifier(&Username(name.clone())),
        identifier(acts_as)
    );
    Err(refused(
        format!(
            "{} carries the setting {TEMP_TABLESPACES}, and {acts_as} may not create in {name}, so that it may not give it to {}",
            alternation.base, alternation.clone
        ),
        format!(
            "{}; or {}",
            run_as(&format!("the role {owner}"), &[grant]),
            run_as(
                &format!("the role {}", identifier(&alternation.base)),
                &[reset_of(&alternation.base, place)]
            )
        ),
    ))
}

/// RDS and Aurora have no role with SUPERUSER: there only the setting can go.
fn may_not_set(
    session: &PostgresSession,
    error: CallError,
    alternation: &Alternation,
    place: &Place,
    acts_as: &Username,
) -> CallError {
    if error.cause() != Some(Cause::MissingPrivilege) {
        return error;
    }
    let (base, name) = (&alternation.base, &place.1);
    let mut remedy = run_as("the role that has set it", &[reset_of(base, place)]);
    if session.version() >= 150_000 {
        let grant = format!("GRANT SET ON PARAMETER {name} TO {}", identifier(acts_as));
        remedy = format!(
            "{remedy}; or, which RDS and Aurora do not have, {}",
            run_as("a role with SUPERUSER", &[grant])
        );
    }
    refused(
        format!(
            "{base} carries the setting {name}, which this superuser may not give to {}",
            alternation.clone
        ),
        remedy,
    )
}

fn may_not_reset(error: CallError, alternation: &Alternation, place: &Place) -> CallError {
    if error.cause() != Some(Cause::MissingPrivilege) {
        return error;
    }
    let (base, clone) = (&alternation.base, &alternation.clone);
    refused(
        format!(
            "{clone} carries the setting {}, which {base} lacks and this superuser may not remove",
            place.1
        ),
        run_as("the role that has set it", &[reset_of(clone, place)]),
    )
}

fn reset_of(user: &Username, (database, name): &Place) -> String {
    let place =
        database.as_ref().map(|database| format!(" IN DATABASE {}", identifier(&Username(database.clone()))));
    format!("ALTER ROLE {}{} RESET {name}", identifier(user), place.unwrap_or_default())
}

/// A name up to the quote that ends it, and what follows; a quote within is doubled.
fn unquoted(mut rest: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_is_read_as_it_is_stored_and_not_guessed_at() {
        let names = |list: &str| names_of(list).map(|names| names.join("|"));
        assert_eq!(names("a").as_deref(), Some("a"));
        assert_eq!(names("a, \"B, c\", \"d\"\"\", \"\"\"\", \"\"").as_deref(), Some("a|B, c|d\"|\"|"));
        for other in ["", "a,b", "a, ", "\"a", "\"a\"b"] {
            assert_eq!(names(other), None, "{other}");
        }
    }
}
