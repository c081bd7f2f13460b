//! The settings that a role carries (`ALTER ROLE ... SET`), and which a clone has to carry.

mod copy;

use std::collections::BTreeMap;

use rotation::{Alternation, CallError, Username};

use super::query::text;
use super::session::PostgresSession;

pub(super) use copy::equalize;

/// Where a setting applies: its database (none: all) and its name.
type Place = (Option<String>, String);

/// All settings of a role.
pub(super) type Settings = BTreeMap<Place, String>;

/// Reads a role's settings.
pub(super) async fn of(session: &mut PostgresSession, user: &Username) -> Result<Settings, CallError> {
    let query = "SELECT d.datname::pg_catalog.text AS database, s.setconfig AS settings \
         FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE r.rolname = $1";
    let mut settings = Settings::new();
    for row in session.rows(query, &[text(&user.0)]).await? {
        let database: Option<String> = session.get(&row, "database")?;
        let stored: Vec<String> = session.get(&row, "settings")?;
        for setting in stored {
            if let Some((name, value)) = setting.split_once('=') {
                settings.insert((database.clone(), name.to_owned()), value.to_owned());
            }
        }
    }
    Ok(settings)
}

/// What the clone has to carry: what the base carries, and the base itself as its role, so that whatever
/// a session of the clone makes belongs to the base.
pub(super) async fn wanted(
    session: &mut PostgresSession,
    alternation: &Alternation,
) -> Result<Settings, CallError> {
    let mut base = of(session, &alternation.base).await?;
    let roles = roles_of(session, &alternation.base).await?;
    // A role that the base may not take is ignored when it signs in. `none` is the base itself.
    base.retain(|(_, name), value| name != "role" || value == "none" || roles.contains(value));
    for ((_, name), value) in &mut base {
        if name == "role" && value == "none" {
            value.clone_from(&alternation.base.0);
        }
    }
    let everybodys = roles_of_everybody(session).await?.into_iter();
    let everybodys = everybodys.filter(|(_, role)| role == "none" || roles.contains(role)).collect();
    Ok(of_clone(base, everybodys, alternation))
}

fn of_clone(
    mut settings: Settings,
    everybodys: Vec<(Option<String>, String)>,
    alternation: &Alternation,
) -> Settings {
    let everywhere: Place = (None, "role".into());
    if settings.contains_key(&everywhere) {
        return settings;
    }
    // ALTER DATABASE ... SET role and ALTER ROLE ALL SET role give the base another role. The clone's own setting, which
    // would win over them, gives way.
    for (database, role) in everybodys {
        let role = if role == "none" { alternation.base.0.clone() } else { role };
        settings.entry((database, "role".into())).or_insert(role);
    }
    settings.entry(everywhere).or_insert_with(|| alternation.base.0.clone());
    settings
}

/// The roles that a user may take at sign-in.
async fn roles_of(session: &mut PostgresSession, user: &Username) -> Result<Vec<String>, CallError> {
    let privilege = if session.has_membership_options() { "SET" } else { "MEMBER" };
    let query = "SELECT rolname::pg_catalog.text AS role FROM pg_catalog.pg_roles \
         WHERE pg_catalog.pg_has_role($1::pg_catalog.name, oid, $2)";
    let rows = session.rows(query, &[text(&user.0), text(privilege)]).await?;
    rows.iter().map(|row| session.get(row, "role")).collect()
}

/// The roles that everybody is given, in a database or (none) in all of them.
async fn roles_of_everybody(
    session: &mut PostgresSession,
) -> Result<Vec<(Option<String>, String)>, CallError> {
    let query = "SELECT d.datname::pg_catalog.text AS database, pg_catalog.substr(c, 6) AS role \
         FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
         CROSS JOIN pg_catalog.unnest(s.setconfig) c WHERE s.setrole = 0 AND c LIKE 'role=%'";
    let mut roles = Vec::new();
    for row in session.rows(query, &[]).await? {
        roles.push((session.get(&row, "database")?, session.get(&row, "role")?));
    }
    Ok(roles)
}

/// Where the clone's settings differ from what they have to be, in words.
pub(super) fn differences(wanted: &Settings, clone: &Settings) -> Vec<String> {
    let mut places: Vec<&Place> = wanted.keys().chain(clone.keys()).collect();
    places.sort();
    places.dedup();
    let differs = |place: &&Place| wanted.get(*place) != clone.get(*place);
    let in_words = |place: &Place| match &place.0 {
        Some(database) => format!("the setting {} in database {database} differs", place.1),
        None => format!("the setting {} differs", place.1),
    };
    places.into_iter().filter(differs).map(in_words).collect()
}

#[cfg(test)]
mod tests {
    use rotation::Target;

    use super::*;

    fn alternation() -> Alternation {
        let user = |name: &str| Username(name.into());
        Alternation { base: user("app"), clone: user("app_clone"), target: Target::Clone }
    }

    fn settings(list: &[(Option<&str>, &str, &str)]) -> Settings {
        let owned = |(database, name, value): &(Option<&str>, &str, &str)| {
            ((database.map(String::from), (*name).to_owned()), (*value).to_owned())
        };
        list.iter().map(owned).collect()
    }

    #[test]
    fn the_clone_carries_its_base_as_role_unless_the_base_carries_one_itself() {
        let plain = settings(&[(None, "work_mem", "1MB")]);
        let role = of_clone(plain, vec![], &alternation())[&(None, "role".into())].clone();
        assert_eq!(role, "app");
        let own = settings(&[(None, "role", "owner")]);
        assert_eq!(of_clone(own.clone(), vec![(Some("d".into()), "other".into())], &alternation()), own);
    }

    #[test]
    fn a_database_that_gives_everybody_a_role_gives_it_to_the_clone_unless_the_base_has_its_own_there() {
        let everybodys = |database: Option<&str>| (database.map(String::from), "r".to_owned());
        let databases = vec![everybodys(Some("d")), everybodys(Some("e"))];
        let base = settings(&[(Some("e"), "role", "mine")]);
        let expected = [(None, "role", "app"), (Some("d"), "role", "r"), (Some("e"), "role", "mine")];
        assert_eq!(of_clone(base, databases, &alternation()), settings(&expected));
        let all = of_clone(Settings::new(), vec![everybodys(None)], &alternation());
        assert_eq!(all, settings(&[(None, "role", "r")]));
        let none = of_clone(Settings::new(), vec![(None, "none".into())], &alternation());
        assert_eq!(none, settings(&[(None, "role", "app")]));
    }

    #[test]
    fn differences_are_named_both_ways() {
        let wanted = settings(&[(None, "work_mem", "1MB"), (Some("d"), "search_path", "a")]);
        let clone = settings(&[(None, "work_mem", "2MB"), (None, "jit", "off")]);
        assert_eq!(
            differences(&wanted, &clone),
            [
                "the setting jit differs",
                "the setting work_mem differs",
                "the setting search_path in database d differs"
            ]
        );
        assert!(differences(&wanted, &wanted).is_empty());
    }
}
