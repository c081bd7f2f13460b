//! The settings of a role (`ALTER ROLE ... SET`), and those that a clone must have.

mod copy;
mod lists;
mod statements;

use std::collections::BTreeMap;

use rotation::{Alternation, CallError, Username};

use super::connection::Connection;
use super::query::text;

pub(super) use copy::equalize;
pub(super) use statements::statements;

/// The database in which a setting applies (`None`: all of them), and its name.
type SettingKey = (Option<String>, String);

/// All settings of a role.
pub(super) type Settings = BTreeMap<SettingKey, String>;

/// Reads a role's settings.
pub(super) async fn of(connection: &mut Connection, user: &Username) -> Result<Settings, CallError> {
    let query = "SELECT d.datname::pg_catalog.text AS database, s.setconfig AS settings \
         FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole \
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE r.rolname = $1";
    let mut settings = Settings::new();
    for row in connection.rows(query, &[text(&user.0)]).await? {
        let database: Option<String> = connection.get(&row, "database")?;
        let stored: Vec<String> = connection.get(&row, "settings")?;
        for setting in stored {
            if let Some((name, value)) = setting.split_once('=') {
                settings.insert((database.clone(), name.to_owned()), value.to_owned());
            }
        }
    }
    Ok(settings)
}

/// The settings that the clone must have: those of the base, and the base itself as its role, so that the base owns what sessions
/// of the clone create.
pub(super) async fn wanted(
    connection: &mut Connection,
    alternation: &Alternation,
) -> Result<Settings, CallError> {
    let mut base = of(connection, &alternation.base).await?;
    let roles = roles_of(connection, &alternation.base).await?;
    // The server ignores a role that the base may not set when it signs in. `none` is the base itself.
    base.retain(|(_, name), value| name != "role" || value == "none" || roles.contains(value));
    for ((_, name), value) in &mut base {
        if name == "role" && value == "none" {
            value.clone_from(&alternation.base.0);
        }
    }
    let of_all_roles = role_settings_of_all(connection).await?.into_iter();
    let of_all_roles = of_all_roles.filter(|(_, role)| role == "none" || roles.contains(role)).collect();
    Ok(of_clone(base, of_all_roles, alternation))
}

fn of_clone(
    mut settings: Settings,
    of_all_roles: Vec<(Option<String>, String)>,
    alternation: &Alternation,
) -> Settings {
    let everywhere: SettingKey = (None, "role".into());
    if settings.contains_key(&everywhere) {
        return settings;
    }
    // ALTER DATABASE ... SET role and ALTER ROLE ALL SET role give the base another role. The clone's own setting would win over
    // them, so it is the same.
    for (database, role) in of_all_roles {
        let role = if role == "none" { alternation.base.0.clone() } else { role };
        settings.entry((database, "role".into())).or_insert(role);
    }
    settings.entry(everywhere).or_insert_with(|| alternation.base.0.clone());
    settings
}

/// The roles that a user may set at sign-in.
async fn roles_of(connection: &mut Connection, user: &Username) -> Result<Vec<String>, CallError> {
    let privilege = if connection.has_membership_options() { "SET" } else { "MEMBER" };
    let query = "SELECT rolname::pg_catalog.text AS role FROM pg_catalog.pg_roles \
         WHERE pg_catalog.pg_has_role($1::pg_catalog.name, oid, $2)";
    let rows = connection.rows(query, &[text(&user.0), text(privilege)]).await?;
    rows.iter().map(|row| connection.get(row, "role")).collect()
}

/// The `role` settings for all roles, by database (`None`: all of them).
async fn role_settings_of_all(
    connection: &mut Connection,
) -> Result<Vec<(Option<String>, String)>, CallError> {
    let query = "SELECT d.datname::pg_catalog.text AS database, pg_catalog.substr(c, 6) AS role \
         FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
         CROSS JOIN pg_catalog.unnest(s.setconfig) c WHERE s.setrole = 0 AND c LIKE 'role=%'";
    let mut roles = Vec::new();
    for row in connection.rows(query, &[]).await? {
        roles.push((connection.get(&row, "database")?, connection.get(&row, "role")?));
    }
    Ok(roles)
}

/// Describes the differences between the clone's settings and those that it must have.
pub(super) fn differences(wanted: &Settings, clone: &Settings) -> Vec<String> {
    let mut places: Vec<&SettingKey> = wanted.keys().chain(clone.keys()).collect();
    places.sort();
    places.dedup();
    let differs = |key: &&SettingKey| wanted.get(*key) != clone.get(*key);
    let describe = |key: &SettingKey| match &key.0 {
        Some(database) => format!("the setting {} in database {database} differs", key.1),
        None => format!("the setting {} differs", key.1),
    };
    places.into_iter().filter(differs).map(describe).collect()
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
    fn the_clone_has_its_base_as_role_unless_the_base_has_one_itself() {
        let plain = settings(&[(None, "work_mem", "1MB")]);
        let role = of_clone(plain, vec![], &alternation())[&(None, "role".into())].clone();
        assert_eq!(role, "app");
        let own = settings(&[(None, "role", "owner")]);
        assert_eq!(of_clone(own.clone(), vec![(Some("d".into()), "other".into())], &alternation()), own);
    }

    #[test]
    fn the_role_of_a_database_applies_to_the_clone_unless_the_base_has_its_own_there() {
        let everyones = |database: Option<&str>| (database.map(String::from), "r".to_owned());
        let databases = vec![everyones(Some("d")), everyones(Some("e"))];
        let base = settings(&[(Some("e"), "role", "mine")]);
        let expected = [(None, "role", "app"), (Some("d"), "role", "r"), (Some("e"), "role", "mine")];
        assert_eq!(of_clone(base, databases, &alternation()), settings(&expected));
        let all = of_clone(Settings::new(), vec![everyones(None)], &alternation());
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
