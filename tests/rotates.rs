//! The main job, on real servers, through the real binaries, as Secrets Manager drives it.

mod hosts;
mod mysql;
mod replicas;
mod settings;

use serde_json::json;
use testbed::{Application, Credentials, Postgres, PostgresOptions, Server, Setup, postgres_versions};

#[tokio::test(flavor = "multi_thread")]
async fn single_user_gives_the_same_user_a_new_password() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
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
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::alternating_users()).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn user_names_of_any_characters_simply_work() {
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

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_of_the_secret_are_kept_in_their_order() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let fields = json!({"zulu": [1, {"b": null, "a": 1.5}], "alpha": "kept", "dbInstanceIdentifier": "db-1"});
    let application = Application::start(server, Setup { fields, ..Setup::single_user() }).await;
    let keys = |secret: &serde_json::Value| -> Vec<String> {
        secret.as_object().expect("an object").keys().cloned().collect()
    };
    let before = application.stored("AWSCURRENT").await.expect("a first version");
    application.rotate_ok().await;
    let mut after = application.stored("AWSCURRENT").await.expect("a current version");
    assert_eq!(keys(&after), keys(&before));
    after["password"] = before["password"].clone();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rotation_token_is_passed_on_to_secrets_manager() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::single_user()).await;
    application.rotate_ok().await;
    let puts: Vec<_> =
        application.local.calls().into_iter().filter(|call| call.operation == "PutSecretValue").collect();
    assert!(puts.len() == 1 && puts[0].rotation_token, "{puts:?}");
}

/// `RotateImmediately=false` calls testSecret alone, on a copy of the current version.
#[tokio::test(flavor = "multi_thread")]
async fn the_probe_of_a_rotation_that_is_not_immediate_passes_under_every_strategy() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            for _turn in 0..3 {
                // The probe takes AWSPENDING, which on the current version means nothing.
                let labels = async || {
                    let labels = application.labels().await;
                    labels.into_iter().filter(|label| !label.starts_with("AWSPENDING")).collect::<Vec<_>>()
                };
                let before = labels().await;
                application.probe().await;
                assert_eq!(labels().await, before);
                application.rotate_ok().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_awss_functions_shape_the_password() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let environment = vec![
        ("PASSWORD_LENGTH", "48"),
        ("EXCLUDE_PUNCTUATION", "true"),
        ("EXCLUDE_UPPERCASE", "Yes"),
        ("EXCLUDE_CHARACTERS", "abc012"),
    ];
    let application = Application::start(server, Setup { environment, ..Setup::single_user() }).await;
    application.rotate_ok().await;
    let password = application.credentials("AWSCURRENT").await.expect("a current version").password;
    assert_eq!(password.len(), 48);
    assert!(password.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{password}");
    assert!(!password.contains(['a', 'b', 'c', '0', '1', '2']), "{password}");
}

/// `password_encryption` and, from 16 on, `scram_iterations` are the server's to choose.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_stored_as_the_server_wants_it() {
    for version in postgres_versions() {
        let mut wishes = vec![(("password_encryption", "md5"), "md5")];
        if version >= 16 {
            wishes.push((("scram_iterations", "8192"), "SCRAM-SHA-256$8192:"));
        }
        for (setting, stored) in wishes {
            let pg_hba = ["host all all 127.0.0.1/32 md5"];
            let options =
                PostgresOptions { settings: &[setting], pg_hba: &pg_hba, ..PostgresOptions::default() };
            let server = Postgres::start(version, options).await;
            for setup in server.setups() {
                let application = Application::start(&server, setup).await;
                application.rotate_ok().await;
                let user = application.credentials("AWSCURRENT").await.expect("a current version").user;
                let verifier = format!(
                    "SELECT rolpassword FROM pg_authid WHERE rolname = {}",
                    testbed::postgres::text(&user)
                );
                let verifier = server.values("postgres", &verifier).await.concat();
                assert!(verifier.starts_with(stored), "{setting:?} on {version}");
            }
        }
    }
}

/// A setting that PostgreSQL ignores at sign-in is none of testSecret's business.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_setting_that_the_user_may_not_take_does_not_stop_a_rotation() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let stranger = format!("{}_stranger", application.app.user());
            server.execute("postgres", &format!("CREATE ROLE {stranger}")).await;
            let database = testbed::postgres::name(&application.app.database);
            server.execute("postgres", &format!("ALTER DATABASE {database} SET role = '{stranger}'")).await;
            for _turn in 0..2 {
                application.rotate_ok().await;
            }
        }
    }
}

/// `BEGIN READ WRITE` is said aloud, by the user itself, by the superuser, and where objects are handed back.
#[tokio::test(flavor = "multi_thread")]
async fn users_whose_transactions_are_read_only_by_default_rotate_all_the_same() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        let single = Application::start(&server, Setup::single_user()).await;
        let alternating = Application::start(&server, Setup::alternating_users()).await;
        server.execute("postgres", "ALTER ROLE ALL SET default_transaction_read_only = on").await;
        for _turn in 0..2 {
            single.rotate_ok().await;
            alternating.rotate_ok().await;
        }
    }
}

/// Nothing is promoted by a probe, so what a rotation would mend is no fault yet.
#[tokio::test(flavor = "multi_thread")]
async fn the_probe_of_a_clone_that_has_drifted_passes_with_a_warning() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let application = Application::start(server, Setup::alternating_users()).await;
    application.rotate_ok().await;
    server.execute("postgres", &format!("ALTER ROLE {} SET work_mem = '7MB'", application.app.user())).await;
    application.probe().await;
    let output = application.output();
    assert!(output.contains("a rotation would find") && output.contains("work_mem differs"), "{output}");
}
