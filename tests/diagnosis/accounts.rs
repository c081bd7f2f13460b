//! What the definition of an account of MySQL or MariaDB holds.

use testbed::mysql::text;
use testbed::{MySql, Setup, mysql_versions};

use super::{finds_nothing, next, rotated};

/// As MariaDB makes its root: by a socket or a password.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_two_ways_to_sign_in_is_found() {
    for version in mysql_versions().into_iter().filter(|version| version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = rotated(server, Setup::mysql_single_user()).await;
        let current = application.credentials("AWSCURRENT").await.expect("a version");
        let account = format!("`{}`@`%`", current.user);
        let native = format!("mysql_native_password USING PASSWORD({})", text(&current.password));
        server.execute(&format!("ALTER USER {account} IDENTIFIED VIA unix_socket OR {native}")).await;
        next(&application, "next password", &["unix_socket or", "give it one way to sign in"]).await;
        server.execute(&format!("ALTER USER {account} IDENTIFIED VIA {native}")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}
