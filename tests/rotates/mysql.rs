//! The main job on MySQL and MariaDB.

use testbed::{Application, MySql, MySqlOptions, STEPS, Server, Setup, mysql_versions, remedy};

#[tokio::test(flavor = "multi_thread")]
async fn single_user_gives_the_same_user_a_new_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_single_user()).await;
        let first = application.credentials("AWSCURRENT").await.expect("a first version");
        for _ in 0..3 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            assert!(!application.signs_in("AWSPREVIOUS").await, "on {version}");
        }
        let current = application.credentials("AWSCURRENT").await.expect("a current version");
        assert_eq!(current.user, first.user);
        assert_ne!(current.password, first.password);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alternating_users_take_turns_and_both_sign_in() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let base = application.app.user().to_owned();
        for expected in [format!("{base}_clone"), base.clone(), format!("{base}_clone")] {
            application.rotate_ok().await;
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            assert_eq!(current.user, expected);
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            assert!(application.signs_in("AWSPREVIOUS").await, "on {version}");
        }
    }
}

async fn with_two_passwords(application: &Application<'_, MySql>) {
    application.server.allow_two_passwords(&application.app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_names_of_any_characters_simply_work() {
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
                with_two_passwords(&application).await;
                for _ in 0..2 {
                    application.rotate_ok().await;
                    assert!(application.signs_in("AWSCURRENT").await, "{user:?} on {version}");
                }
            }
        }
    }
}

/// `RotateImmediately=false` calls testSecret alone, on a copy of the current version.
#[tokio::test(flavor = "multi_thread")]
async fn the_probe_of_a_rotation_that_is_not_immediate_passes_under_every_strategy() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            with_two_passwords(&application).await;
            for _turn in 0..3 {
                application.probe().await;
                application.rotate_ok().await;
            }
        }
    }
}

/// Passwords of every character that a server may be sent.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_any_characters_simply_work() {
    let mut passwords = String::new();
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let environment = vec![("EXCLUDE_CHARACTERS", ""), ("PASSWORD_LENGTH", "200")];
            let application = Application::start(server, Setup { environment, ..setup }).await;
            with_two_passwords(&application).await;
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

/// testSecret asks both users, each about itself: a clone that was changed after setSecret is not promoted.
#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_differs_is_not_promoted_and_the_error_names_what() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        let (user, database) = (application.app.user(), &application.app.database);
        let pending = application.begin().await;
        for step in &STEPS[..2] {
            application.step(step, &pending).await.expect(step);
        }
        server.execute(&format!("GRANT TRIGGER ON {database}.* TO `{user}`@`%`")).await;
        server.execute(&format!("ALTER USER `{user}_clone`@`%` WITH MAX_USER_CONNECTIONS 9")).await;
        let refusal = application.step("testSecret", &pending).await.expect_err("they differ");
        assert_eq!(refusal.error_type, "PrivilegesDiffer");
        for part in ["lacks TRIGGER ON", "has MAX_USER_CONNECTIONS 9"] {
            assert!(refusal.error_message.contains(part), "{part} is not in {refusal:?}");
        }
        for step in STEPS {
            application.step(step, &pending).await.expect(step);
        }
    }
}

/// The base is the truth: what it was given while the clone was current is no fault of anybody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_was_given_more_than_its_clone_takes_its_turn() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let (user, database) = (application.app.user(), &application.app.database);
        server.execute(&format!("GRANT TRIGGER ON {database}.* TO `{user}`@`%`")).await;
        server.execute(&format!("ALTER USER `{user}`@`%` WITH MAX_USER_CONNECTIONS 30")).await;
        application.rotate_ok().await;
        application.rotate_ok().await;
        assert_eq!(
            server.rows_about(user).await,
            server.rows_about(&format!("{user}_clone")).await,
            "on {version}"
        );
    }
}

/// A server may make every session of those without privileges read-only: accounts are no tables of theirs.
#[tokio::test(flavor = "multi_thread")]
async fn users_whose_transactions_are_read_only_by_default_rotate() {
    let settings = &[("init-connect", "SET SESSION TRANSACTION READ ONLY")];
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions { settings, ..MySqlOptions::default() }).await;
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            with_two_passwords(&application).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// MySQL knows accounts whose host is empty; to MariaDB that is `%`.
#[tokio::test(flavor = "multi_thread")]
async fn users_roles_and_superusers_whose_host_is_empty_rotate() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            with_two_passwords(&application).await;
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

/// So that no form of SHOW GRANTS is in the way, which may be one that nobody knows yet.
#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_rotated_without_a_look_at_its_rights() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let log = server.log();
        for setup in server.setups().into_iter().filter(|setup| !setup.function.contains("alternating")) {
            let application = Application::start(&server, setup).await;
            with_two_passwords(&application).await;
            application.rotate_ok().await;
        }
        // By a superuser as well, whose role is not one that it has at its sign-in.
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = application.superuser_arn.clone().into();
        application.store_current(&current).await;
        server.execute(&format!("ALTER USER `{}`@`%` PASSWORD EXPIRE", application.app.user())).await;
        if !version.is_mariadb() {
            server.execute(&format!("SET DEFAULT ROLE NONE TO {}", server.admin().await.user)).await;
        }
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        assert_eq!(log.statements("SHOW GRANTS"), 0, "on {version}");
    }
}

/// The base may do all that the clone may, and holds it otherwise: testSecret sees no loss either.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_was_given_more_in_the_clones_turn_takes_its_own() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_alternating_users()).await;
        application.rotate_ok().await;
        let (user, database) = (application.app.user(), &application.app.database);
        server.execute(&format!("GRANT SELECT ON *.* TO `{user}`@`%`")).await;
        server.execute(&format!("REVOKE SELECT ON {database}.* FROM `{user}`@`%`")).await;
        if !version.is_mariadb() {
            server.execute(&format!("REVOKE INSERT ON {database}.* FROM `{user}_clone`@`%`")).await;
        }
        for _turn in 0..2 {
            application.rotate_ok().await;
        }
    }
}
