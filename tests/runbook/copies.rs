//! Servers that are restored from others.

use async_trait::async_trait;
use serde_json::Value;
use testbed::mysql::{name, run, text};
use testbed::{App, MySql, MySqlOptions, MySqlVersion, Postgres, PostgresOptions, Server};

use super::Administrated;

/// A server that can be restored under another address.
#[async_trait]
pub(super) trait Copied: Administrated {
    /// Makes `copy` what this server is now, with these applications. `copy` comes from [`postgres`] or [`mysql`].
    async fn restore(&self, copy: &Self, apps: &[&App]);

    /// The secret of the superuser at the copy.
    async fn superuser_at(&self, copy: &Self) -> Value;
}

/// A server, and another one that follows it until it is restored.
pub(super) async fn postgres(version: u16) -> (Postgres, Postgres) {
    let original = Postgres::start(version, PostgresOptions::default()).await;
    let copy = Postgres::replica_of(&original, "0").await;
    (original, copy)
}

/// Two servers.
pub(super) async fn mysql(version: MySqlVersion) -> (MySql, MySql) {
    let start = || MySql::start(version, MySqlOptions::default());
    (start().await, start().await)
}

#[async_trait]
impl Copied for Postgres {
    async fn restore(&self, copy: &Self, _apps: &[&App]) {
        copy.caught_up_with(self).await;
        copy.values("postgres", "SELECT pg_promote()").await;
        assert_eq!(copy.values("postgres", "SELECT pg_is_in_recovery()").await, ["f"]);
    }

    async fn superuser_at(&self, copy: &Self) -> Value {
        let mut superuser = self.superuser_secret().await;
        superuser["port"] = copy.port().into();
        superuser
    }
}

#[async_trait]
impl Copied for MySql {
    async fn restore(&self, copy: &Self, apps: &[&App]) {
        let mut root = self.root_session().await;
        if !self.version().is_mariadb() {
            run(&mut root, "SET SESSION print_identified_with_as_hex = ON").await.expect("it may");
        }
        for app in apps {
            copy.execute(&format!("CREATE DATABASE {}", name(&app.database))).await;
            for user in [app.user(), &format!("{}_clone", app.user())] {
                let exists = format!("SELECT COUNT(*) FROM mysql.user WHERE User = {}", text(user));
                if self.values(&exists).await == ["0"] {
                    continue;
                }
                for show in ["SHOW CREATE USER", "SHOW GRANTS FOR"] {
                    let rows =
                        run(&mut root, &format!("{show} {}@'%'", name(user))).await.expect("an account");
                    for statement in rows {
                        copy.execute(&statement).await;
                    }
                }
            }
        }
    }

    async fn superuser_at(&self, copy: &Self) -> Value {
        copy.superuser_secret().await
    }
}
