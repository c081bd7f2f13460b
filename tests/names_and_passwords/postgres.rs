//! Names with any characters, on PostgreSQL.

use testbed::{Application, Credentials, Postgres, PostgresOptions, Server, Setup, postgres_versions};

#[tokio::test(flavor = "multi_thread")]
async fn user_names_of_any_characters_rotate() {
    let names = [
        "o'brien",
        "50% off",
        "a b;c",
        "back\\slash",
        "dou\"ble",
        "naïve-ю-名",
        "%I%L%s",
        "$1",
        "CamelCase",
        "=x",
    ];
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for name in names {
            for setup in server.setups() {
                let application = Application::start(server, Setup { user: name, ..setup }).await;
                for _ in 0..2 {
                    application.rotate_ok().await;
                    assert!(application.signs_in("AWSCURRENT").await, "{name:?} on {version}");
                }
            }
        }
    }
}

/// The names of roles that a base may take come back as they are, also one that reads like a missing value.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_is_a_member_of_roles_of_any_name_rotates() {
    let roles =
        ["NULL", "null", "{a,b}", "a\"b", "back\\slash", "$1 $2", "--;/*", " ", "\u{e9}\u{4e2d}", "'; DROP"];
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let user = application.app.user();
        for role in roles.map(testbed::postgres::name) {
            server.execute("postgres", &format!("CREATE ROLE {role}; GRANT {role} TO {user}")).await;
        }
        for role in roles {
            let set = format!("ALTER ROLE {user} SET role = {}", testbed::postgres::text(role));
            server.execute("postgres", &set).await;
            for _turn in 0..2 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "{role} on {version}");
            }
        }
    }
}

/// The grantor of the clone's membership, whose name comes back as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_whose_name_reads_like_a_missing_value_rotates() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let application = Application::start(&server, Setup::alternating_users()).await;
        let superuser = Credentials::new("NULL");
        let user = application.app.user();
        let create =
            format!("CREATE ROLE \"NULL\" LOGIN CREATEROLE; GRANT {user} TO \"NULL\" WITH ADMIN OPTION");
        server.execute("postgres", &create).await;
        server.set_password(&superuser).await;
        application.store_superuser(&server.secret(&superuser, "postgres")).await;
        for _turn in 0..4 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}
