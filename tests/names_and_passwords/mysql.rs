//! Names, hosts and passwords with any characters, on MySQL and MariaDB.

use testbed::{Application, MySql, Server, Setup, mysql_versions, remedy};

use crate::support::setups_that_a_function_keeps_equal;

#[tokio::test(flavor = "multi_thread")]
async fn user_names_of_any_characters_rotate() {
    let names = [
        "o'brien",
        "50% off",
        "a TO b",
        "back\\slash",
        "ba``ck`",
        "dou\"ble",
        "naïve-ю-名",
        "a@b@`%`",
        "משתמש",
        "$1;--",
    ];
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            for user in names {
                let application = Application::start(server, Setup { user, ..setup.clone() }).await;
                server.allow_two_passwords(&application.app).await;
                for _ in 0..2 {
                    application.rotate_ok().await;
                    assert!(application.signs_in("AWSCURRENT").await, "{user:?} on {version}");
                }
            }
        }
    }
}

/// Passwords of every character that a server may be sent.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_any_characters_sign_in() {
    let mut passwords = String::new();
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let environment = vec![("EXCLUDE_CHARACTERS", ""), ("PASSWORD_LENGTH", "200")];
            let application = Application::start(server, Setup { environment, ..setup }).await;
            server.allow_two_passwords(&application.app).await;
            for _ in 0..2 {
                application.rotate_ok().await;
                let current = application.credentials("AWSCURRENT").await.expect("a current version");
                assert!(application.signs_in("AWSCURRENT").await, "on {version}");
                passwords.push_str(&current.password);
            }
        }
    }
    for character in ['\'', '\\', '"', '`', '%', '$'] {
        assert!(passwords.contains(character), "no password had a {character}");
    }
}

/// MySQL knows accounts whose host is empty; to MariaDB that is `%`.
#[tokio::test(flavor = "multi_thread")]
async fn users_roles_and_superusers_whose_host_is_empty_rotate() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        for setup in setups_that_a_function_keeps_equal(server) {
            let application = Application::start(server, setup).await;
            server.allow_two_passwords(&application.app).await;
            let (user, database) = (application.app.user(), &application.app.database);
            let superuser = server.create_superuser(&format!("m{user}")).await;
            application.store_superuser(&server.secret(&superuser, "mysql")).await;
            for statement in [
                format!("RENAME USER `{user}`@`%` TO `{user}`@``, `m{user}`@`%` TO `m{user}`@``"),
                format!("CREATE ROLE `r{user}`@``"),
                format!("GRANT LOCK TABLES ON {database}.* TO `r{user}`@``"),
                format!("GRANT `r{user}`@`` TO `{user}`@`` WITH ADMIN OPTION"),
                format!("ALTER USER `{user}`@`` DEFAULT ROLE `r{user}`@``"),
                format!("REVOKE GRANT OPTION, ROLE_ADMIN ON *.* FROM `m{user}_role`"),
            ] {
                server.execute(&statement).await;
            }
            if application.stored("AWSCURRENT").await.expect("a version").get("masterarn").is_some() {
                let refusal = application.rotate_expect_err().await;
                for statement in remedy(&refusal, "an administrator") {
                    server.execute(&statement).await;
                }
            }
            for _turn in 0..3 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            }
        }
    }
}
