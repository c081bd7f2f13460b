//! What tests on MySQL and MariaDB share.

use testbed::{MySql, MySqlOptions, MySqlVersion};

/// Every row about these users, to the last byte of their passwords' hashes.
pub(crate) async fn accounts(server: &MySql, users: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for user in users {
        let hashes =
            format!("SELECT CONCAT(User, Host, authentication_string) FROM mysql.user WHERE User = '{user}'");
        rows.extend(server.values(&hashes).await);
        rows.extend(server.rows_about(user).await);
    }
    rows
}

/// The name of the lock that an alternation took, as an SQL string.
pub(crate) fn name_of_lock(log: &str) -> String {
    let (_, name) = log.split_once("GET_LOCK('").expect("a lock");
    format!("'{}'", name.split_once('\'').expect("an end").0)
}

/// A server on which every application's user may have two passwords.
pub(crate) async fn server_with_two_passwords(version: MySqlVersion) -> MySql {
    let server = MySql::start(version, MySqlOptions::default()).await;
    if !version.is_mariadb() {
        server.execute("CREATE ROLE two").await;
        server.execute("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO two").await;
        server.execute("SET PERSIST mandatory_roles = 'two'").await;
        server.execute("SET PERSIST activate_all_roles_on_login = ON").await;
    }
    server
}
