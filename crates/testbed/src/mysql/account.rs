//! An account's rows in the grant tables, to compare with SHOW GRANTS and SHOW CREATE USER.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{MySql, name, run, text};

/// The tables with rows about users, and the column with the user's name.
const TABLES: [(&str, &str); 9] = [
    ("user", "User"),
    ("db", "User"),
    ("tables_priv", "User"),
    ("columns_priv", "User"),
    ("procs_priv", "User"),
    ("proxies_priv", "User"),
    ("global_grants", "USER"),
    ("role_edges", "TO_USER"),
    ("default_roles", "USER"),
];
const OF_MARIADB: (&str, &str) = ("roles_mapping", "User");

/// Columns that are not compared: who granted and when, and the account's own password.
const LEFT_OUT: [&str; 8] = [
    "Grantor",
    "Timestamp",
    "Password",
    "authentication_string",
    "password_last_changed",
    "password_expired",
    "User_attributes",
    "Create_time",
];

impl MySql {
    /// Every row of the grant tables about this user, without its name and its password: equal for equal users.
    pub async fn rows_about(&self, user: &str) -> BTreeSet<String> {
        let mut root = self.root_session().await;
        let mut values = async |query: &str| {
            run(&mut root, query).await.unwrap_or_else(|error| panic!("{error}\n{query}"))
        };
        let mut rows = BTreeSet::new();
        // With all privileges on a table, those on its columns have no effect: SHOW GRANTS omits them, and revoking the
        // former revokes the latter.
        let bits = if self.version().is_mariadb() { 0b11_1111_1011_1111 } else { 0b1_1111_1011_1111 };
        let all = format!("Table_priv + 0 & {bits} = {bits}");
        let hidden = format!(
            " AND NOT EXISTS (SELECT * FROM mysql.tables_priv t WHERE t.User = columns_priv.User AND t.Host = \
             columns_priv.Host AND t.Db = columns_priv.Db AND t.Table_name = columns_priv.Table_name AND t.{all})"
        );
        for (table, of) in TABLES.into_iter().chain([OF_MARIADB]) {
            // Without ORDER BY the order of columns may differ between the base and its clone.
            let columns = format!(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = '{table}' \
                 ORDER BY ORDINAL_POSITION"
            );
            let columns = values(&columns).await;
            let kept = columns.iter().filter(|column| *column != of && !LEFT_OUT.contains(&column.as_str()));
            let shown = kept.map(|column| match column.as_str() {
                "Column_priv" if table == "tables_priv" => format!("'{column}=', IF({all}, '', Column_priv)"),
                column => format!("'{column}=', IFNULL({}, '')", name(column)),
            });
            let shown: Vec<_> = shown.collect();
            if shown.is_empty() {
                continue;
            }
            let query = format!(
                "SELECT CONCAT_WS(' ', '{table}:', {}) FROM mysql.{table} WHERE {} = {}{}",
                shown.join(", "),
                name(of),
                text(user),
                if table == "columns_priv" { hidden.as_str() } else { "" }
            );
            rows.extend(values(&query).await);
            if columns.iter().any(|column| column == "User_attributes") {
                let query = format!(
                    "SELECT User_attributes FROM mysql.user WHERE User = {} ORDER BY Host",
                    text(user)
                );
                rows.extend(
                    values(&query).await.iter().map(|attributes| format!("attributes: {}", own(attributes))),
                );
            }
        }
        // A grant that was revoked may leave a row without privileges.
        rows.retain(|row| !(row.starts_with("tables_priv:") && row.ends_with("Table_priv= , Column_priv= ")));
        rows
    }
}

/// Attributes without the second password and the mark of a clone. An empty or zero attribute is removed, too.
fn own(attributes: &str) -> Value {
    let mut attributes = serde_json::from_str::<Map<String, Value>>(attributes).unwrap_or_default();
    attributes.remove("additional_password");
    if let Some(Value::Object(metadata)) = attributes.get_mut("metadata") {
        metadata.remove("rotation.clone_of");
    }
    let locking = attributes.get("Password_locking").and_then(Value::as_object);
    if locking.is_some_and(|locking| locking.values().all(|value| value == 0)) {
        attributes.remove("Password_locking");
    }
    if let Some(Value::Array(restrictions)) = attributes.get_mut("Restrictions") {
        for privileges in restrictions.iter_mut().filter_map(|one| one.get_mut("Privileges")?.as_array_mut())
        {
            // MySQL 9.7.4 loses this one at an ALTER USER, and keeps it in memory until its next start.
            privileges.retain(|privilege| privilege != "GRANT");
            privileges.sort_by_key(Value::to_string);
        }
        restrictions.retain(|one| one.get("Privileges") != Some(&Value::Array(Vec::new())));
        restrictions.sort_by_key(Value::to_string);
    }
    let kept = attributes.into_iter().filter(|(_, value)| {
        value.as_object().is_none_or(|value| !value.is_empty())
            && value.as_array().is_none_or(|value| !value.is_empty())
    });
    Value::Object(kept.collect::<Map<_, _>>())
}
