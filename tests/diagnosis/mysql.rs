//! On MySQL and MariaDB.

use testbed::mysql::run;
use testbed::{Application, MySql, MySqlOptions, Server, Setup, mysql_versions};

use super::{
    a_client_is_named_on, diagnosing, finding, finds_nothing, next, nothing_is_found_on, report, rotated,
    run_commands, statements,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_where_nothing_is_wrong() {
    for version in mysql_versions() {
        nothing_is_found_on(MySql::shared(version).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_may_not_sign_in_are_found() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for (breaks, repairs, said) in [
            ("ALTER USER {u} ACCOUNT LOCK", "ALTER USER {u} ACCOUNT UNLOCK", "ACCOUNT UNLOCK"),
            ("ALTER USER {u} PASSWORD EXPIRE", "ALTER USER {u} PASSWORD EXPIRE NEVER", "ends its expiry"),
            (
                "ALTER USER {u} WITH MAX_CONNECTIONS_PER_HOUR 1",
                "ALTER USER {u} WITH MAX_CONNECTIONS_PER_HOUR 0",
                "limit",
            ),
        ] {
            let application = rotated(server, Setup::mysql_single_user()).await;
            let account = format!("`{}`@`%`", application.app.user());
            server.execute(&breaks.replace("{u}", &account)).await;
            if said == "limit" {
                assert!(application.signs_in("AWSCURRENT").await);
            }
            next(&application, "sign-in", &[said]).await;
            server.execute(&repairs.replace("{u}", &account)).await;
            if said == "ends its expiry" {
                // The password is set anew, as the remedy says.
                let current = application.credentials("AWSCURRENT").await.expect("a version");
                let password = testbed::mysql::text(&current.password);
                server.execute(&format!("ALTER USER {account} IDENTIFIED BY {password}")).await;
            }
            application.rotate_ok().await;
            finds_nothing(&application, breaks).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_would_lock_the_user_out_is_found() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        // Of two users, the rule of one alone would be a difference.
        for setup in
            server.setups().into_iter().filter(|setup| !setup.function.ends_with("alternating-users"))
        {
            let application = rotated(&server, setup).await;
            application.rotate_ok().await;
            finds_nothing(&application, "before").await;
            let user = application.credentials("AWSCURRENT").await.expect("a version").user;
            let strict = if version.is_mariadb() {
                "SET GLOBAL max_password_errors = 1".to_owned()
            } else {
                format!("ALTER USER `{user}`@`%` FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
            };
            server.execute(&strict).await;
            for statement in statements(&application, "lockout", &["lock the user out"]).await {
                server.execute(&statement).await;
            }
            let now = report(&application).await;
            assert_eq!(finding(&now, "lockout")["Status"], "pass", "{now:#}");
            if !version.is_mariadb() {
                server
                    .execute(&format!("ALTER USER `{user}`@`%` FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 0"))
                    .await;
                let now = report(&application).await;
                assert_eq!(finding(&now, "lockout")["Status"], "pass", "it locks for no time: {now:#}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_the_privilege_for_a_second_password_is_found() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = Application::start(server, diagnosing(Setup::mysql_dual_password())).await;
        application.rotate_expect_err().await;
        for statement in statements(&application, "next password", &["APPLICATION_PASSWORD_ADMIN"]).await {
            server.execute(&statement).await;
        }
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_without_the_privileges_is_found() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = rotated(&server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let superuser = &server.admin().await.user;
        // On MySQL it has its privileges by a role, as on RDS.
        let superuser =
            if version.is_mariadb() { format!("`{superuser}`@`%`") } else { format!("`{superuser}_role`") };
        server.execute(&format!("REVOKE CREATE USER ON *.* FROM {superuser}")).await;
        for statement in statements(&application, "next password", &["lacks privileges"]).await {
            server.execute(&statement).await;
        }
        application.rotate_ok().await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_rejects_the_functions_passwords_is_found() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let application = rotated(&server, Setup::mysql_single_user()).await;
        let mut root = server.root_session().await;
        let (install, stricter, laxer) = if version.is_mariadb() {
            (
                "INSTALL SONAME 'simple_password_check'",
                "SET GLOBAL strict_password_validation = ON",
                "SET GLOBAL strict_password_validation = OFF",
            )
        } else {
            (
                "INSTALL COMPONENT 'file://component_validate_password'",
                "SET GLOBAL validate_password.length = 60",
                "SET GLOBAL validate_password.length = 8",
            )
        };
        if run(&mut root, install).await.is_err() {
            assert!(version.is_mariadb(), "MySQL brings its component");
            continue;
        }
        run(&mut root, stricter).await.expect("root may");
        next(&application, "passwords", &["PASSWORD_LENGTH"]).await;
        run(&mut root, laxer).await.expect("root may");
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_found() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in server.setups() {
            let application = rotated(&server, setup.clone()).await;
            server.execute("SET GLOBAL read_only = ON").await;
            let report = report(&application).await;
            assert_eq!(report["Status"], "fail", "{}: {report:#}", setup.name());
            let next = report["Next"].as_str().expect("a text");
            assert!(next.contains("writer's address"), "{}: {report:#}", setup.name());
            server.execute("SET GLOBAL read_only = OFF").await;
            application.rotate_ok().await;
            finds_nothing(&application, "cured").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_that_differ_are_found_before_a_rotation_is_refused_for_it() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = rotated(server, Setup::mysql_alternating_users().without_superuser()).await;
        application.rotate_ok().await;
        let database = format!("{}_drifted", application.app.user());
        server.execute(&format!("CREATE DATABASE {database}")).await;
        for drift in ["GRANT SELECT ON {d}.* TO {u}", "ALTER USER {u} WITH MAX_QUERIES_PER_HOUR 100000"] {
            let account = format!("`{}`@`%`", application.app.user());
            server.execute(&drift.replace("{u}", &account).replace("{d}", &database)).await;
            for statement in statements(&application, "next password", &[]).await {
                server.execute(&statement).await;
            }
            application.rotate_ok().await;
            application.rotate_ok().await;
            finds_nothing(&application, drift).await;
        }
    }
}

/// Of the same name, at another host, with the same password.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_at_another_host_is_found() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        let application = Application::start(server, diagnosing(Setup::mysql_dual_password())).await;
        server.allow_two_passwords(&application.app).await;
        application.rotate_ok().await;
        let user = application.app.user();
        let current = application.credentials("AWSCURRENT").await.expect("a version");
        let password = testbed::mysql::text(&current.password);
        server.execute(&format!("CREATE USER `{user}`@`10.0.0.1` IDENTIFIED BY {password}")).await;
        server.execute(&format!("GRANT SELECT ON mysql.* TO `{user}`@`%`")).await;
        next(&application, "next password", &["has the same password as"]).await;
        server.execute(&format!("DROP USER `{user}`@`10.0.0.1`")).await;
        application.rotate_ok().await;
        finds_nothing(&application, "cured").await;
    }
}

/// Everything about accounts.
async fn state(server: &MySql) -> Vec<String> {
    let (mut state, mut root) = (Vec::new(), server.root_session().await);
    run(&mut root, "SET SESSION group_concat_max_len = 1000000").await.expect("root may");
    for table in [
        "user",
        "db",
        "tables_priv",
        "procs_priv",
        "proxies_priv",
        "roles_mapping",
        "role_edges",
        "global_grants",
        "default_roles",
    ] {
        // Each product has some of them.
        let columns = format!(
            "SELECT GROUP_CONCAT(CONCAT('HEX(COALESCE(`', COLUMN_NAME, '`, 0))') SEPARATOR ', ') FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = '{table}'"
        );
        let columns = run(&mut root, &columns).await.expect("root may").concat();
        if !columns.is_empty() {
            let rows = format!("SELECT CONCAT_WS(',', {columns}) FROM mysql.{table} ORDER BY 1");
            state.extend(run(&mut root, &rows).await.expect("root may"));
        }
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_at_the_server_nor_in_the_secret() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in server.setups() {
            let application = rotated(&server, setup).await;
            let before = (state(&server).await, application.labels().await);
            assert!(before.0.len() > 3, "{before:?}");
            super::report(&application).await;
            assert_eq!((state(&server).await, application.labels().await), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_not_gone_over_to_awscurrent_is_named() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        a_client_is_named_on(server, Setup::mysql_alternating_users(), async |user, database| {
            server.sign_in(user, database).await.expect("a session")
        })
        .await;
    }
}

/// A rotation has one session of a user at a time, and so has a diagnosis.
#[tokio::test(flavor = "multi_thread")]
async fn users_that_may_have_one_connection_are_not_found() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = rotated(server, setup.clone()).await;
            application.rotate_ok().await;
            let user = application.app.user();
            for account in [format!("`{user}`@`%`"), format!("`{user}_clone`@`%`")] {
                let limit = format!("ALTER USER IF EXISTS {account} WITH MAX_USER_CONNECTIONS 1");
                server.execute(&limit).await;
            }
            finds_nothing(&application, &setup.name()).await;
            application.rotate_ok().await;
        }
    }
}

/// A superuser makes them equal: a warning, and the next rotation but one.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_lacks_a_new_right_of_its_base_is_a_warning() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = rotated(server, Setup::mysql_alternating_users()).await;
        let (user, database) = (application.app.user(), format!("{}_new", application.app.user()));
        server.execute(&format!("CREATE DATABASE {database}")).await;
        server.execute(&format!("GRANT SELECT ON {database}.* TO `{user}`@`%`")).await;
        let next = next(&application, "clone", &["lacks SELECT ON", "the clone's turn makes it equal"]).await;
        run_commands(&application, &next).await;
        finds_nothing(&application, "cured").await;
    }
}
