//! The statements by which a person changes the settings of a role.

use rotation::{CallError, Username};

use super::super::connection::Connection;
use super::super::query::texts;
use super::super::quoting::{identifier, literal};
use super::lists::{LISTS, names_of};
use super::{SettingKey, Settings};

/// The statements by which a person makes a clone's settings what they must be, in one session.
pub(in super::super) async fn statements(
    connection: &mut Connection,
    clone: &Username,
    wanted: &Settings,
    has: &Settings,
) -> Result<Vec<String>, CallError> {
    let mut statements = Vec::new();
    for (key, value) in wanted.iter().filter(|(key, value)| has.get(*key) != Some(*value)) {
        if !LISTS.contains(&key.1.as_str()) {
            statements.push(set_to(clone, key, std::slice::from_ref(value)));
            continue;
        }
        let stored = names_of(value).unwrap_or_default();
        match stored.as_slice() {
            // As one literal it would become one name.
            [_, ..] if quoted_list(connection, &stored).await? == *value => {
                statements.push(set_to(clone, key, &stored));
            }
            _ => statements.extend(set_from_current(clone, key, value)),
        }
    }
    let resets = has.keys().filter(|key| !wanted.contains_key(*key)).map(|key| reset_of(clone, key));
    statements.extend(resets);
    Ok(statements)
}

/// What the server stores for `ALTER ROLE ... SET` with these names: only it knows which of them it quotes.
async fn quoted_list(connection: &mut Connection, names: &[String]) -> Result<String, CallError> {
    let query = "SELECT pg_catalog.array_to_string(ARRAY( \
             SELECT pg_catalog.quote_ident(name) FROM pg_catalog.unnest($1) WITH ORDINALITY AS list (name, place) \
             ORDER BY place), ', ') AS list";
    let row = connection.row(query, &[texts(names.iter().map(String::as_str))]).await?;
    connection.get(&row, "list")
}

fn set_to(user: &Username, key: &SettingKey, values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| literal(value)).collect();
    format!("{} SET {} = {}", alter_role(user, key), quoted(&key.1), values.join(", "))
}

/// A list that was stored by FROM CURRENT stands as somebody wrote it (`a,b`, or nothing), and nothing else stores it like that.
/// Without a transaction of its own: these statements may be part of one.
fn set_from_current(user: &Username, key: &SettingKey, value: &str) -> [String; 3] {
    let set = format!("SELECT pg_catalog.set_config({}, {}, false)", literal(&key.1), literal(value));
    let store = format!("{} SET {} FROM CURRENT", alter_role(user, key), quoted(&key.1));
    [set, store, format!("RESET {}", quoted(&key.1))]
}

/// A setting's name as a statement takes it. An extension's may hold any word; the server's own are plain.
fn quoted(name: &str) -> String {
    let parts: Vec<_> = name.split('.').collect();
    match parts.as_slice() {
        [plain] => (*plain).to_owned(),
        parts => {
            let quoted = parts.iter().map(|part| identifier(&Username((*part).to_owned())));
            quoted.collect::<Vec<_>>().join(".")
        }
    }
}

/// The statement that removes a setting.
pub(super) fn reset_of(user: &Username, key: &SettingKey) -> String {
    format!("{} RESET {}", alter_role(user, key), quoted(&key.1))
}

fn alter_role(user: &Username, (database, _): &SettingKey) -> String {
    let database =
        database.as_ref().map(|database| format!(" IN DATABASE {}", identifier(&Username(database.clone()))));
    format!("ALTER ROLE {}{}", identifier(user), database.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_for_a_person_set_what_differs_and_reset_what_is_too_much() {
        let clone = Username("c".into());
        let key = |database: Option<&str>, name: &str| (database.map(String::from), name.to_owned());
        let values = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            set_to(&clone, &key(None, "search_path"), &values(&["$user", "public", ""])),
            "ALTER ROLE \"c\" SET search_path = '$user', 'public', ''"
        );
        assert_eq!(
            set_to(&clone, &key(Some("d"), "role"), &values(&["it's"])),
            "ALTER ROLE \"c\" IN DATABASE \"d\" SET role = 'it''s'"
        );
        assert_eq!(
            set_from_current(&clone, &key(Some("d"), "search_path"), "a,b"),
            [
                "SELECT pg_catalog.set_config('search_path', 'a,b', false)",
                "ALTER ROLE \"c\" IN DATABASE \"d\" SET search_path FROM CURRENT",
                "RESET search_path",
            ]
        );
        assert_eq!(reset_of(&clone, &key(None, "app.user")), "ALTER ROLE \"c\" RESET \"app\".\"user\"");
    }
}
