//! Stored passwords of PostgreSQL: the stored verifier is one with which the user can sign in, whatever `password_encryption` is.

use rotation::ports::SignIn;
use rotation::{Endpoint, OldPassword, Password, Strategy, Tls, Username};
use testbed::crash::Crash;
use testbed::postgres::{name, text};
use testbed::{
    Application, Credentials, InProcess, Postgres, PostgresOptions, STEPS, Server, Setup, postgres_versions,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::postgres::clone_name;

/// Every place where `password_encryption` can be set to md5, on a server that accepts SCRAM-SHA-256 only.
const PLACES: [(&str, &str); 7] = [
    ("ALTER ROLE {user} SET", "single-user"),
    ("ALTER ROLE {user} IN DATABASE {database} SET", "single-user"),
    ("ALTER DATABASE {database} SET", "single-user"),
    ("ALTER ROLE ALL SET", "single-user"),
    ("ALTER DATABASE {database} SET", "alternating-users"),
    ("ALTER ROLE master SET", "alternating-users"),
    ("ALTER SYSTEM SET", "alternating-users"),
];

async fn stored(server: &Postgres, user: &str) -> String {
    let verifier = format!("SELECT rolpassword FROM pg_authid WHERE rolname = {}", text(user));
    server.values("postgres", &verifier).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_md5_locks_no_user_out_of_a_server_that_accepts_scram_only() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        for (place, strategy) in PLACES {
            let setup = server.setups().into_iter().find(|setup| setup.function.ends_with(strategy));
            let application = Application::start(&server, setup.expect("a function")).await;
            let (user, database) = (name(application.app.user()), name(&application.app.database));
            let set = place.replace("{user}", &user).replace("{database}", &database);
            server.execute("postgres", &format!("{set} password_encryption = 'md5'")).await;
            server.execute("postgres", "SELECT pg_reload_conf()").await;
            lead_superuser_into_its_database(&application).await;
            for _turn in 0..2 {
                application.rotate_ok().await;
                assert!(application.signs_in("AWSCURRENT").await, "{place} on {version}");
            }
            for user in [application.app.user(), &clone_name(&application)] {
                assert!(!stored(&server, user).await.starts_with("md5"), "{place} on {version}");
            }
            server.execute("postgres", &format!("{set} password_encryption = DEFAULT")).await;
            server.execute("postgres", "SELECT pg_reload_conf()").await;
        }
    }
}

/// Makes the superuser's sessions open the application's database, whose owner can set parameters of all sessions there.
async fn lead_superuser_into_its_database(application: &Application<'_>) {
    let server = application.server;
    let superuser = server.secret(server.admin().await, &application.app.database);
    application.store_superuser(&superuser).await;
}

/// Of a user that may not set its own password.
async fn the_superuser_rotates_a_single_user(server: &Postgres) {
    let application = Application::start(server, Setup::single_user()).await;
    let mut current = application.stored("AWSCURRENT").await.expect("a first version");
    current["masterarn"] = application.superuser_arn.clone().into();
    application.store_current(&current).await;
    let function = InProcess::of(&application, Strategy::SingleUser).await;
    let pending = application.begin().await;
    assert!(function.run(&application, &pending, &Crash::restricting_password_commands()).await);
    assert!(application.signs_in("AWSCURRENT").await, "on {}", server.version());
}

/// The user may not set its own password, so that the superuser does.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_whose_own_setting_is_md5_locks_no_single_user_out() {
    for version in postgres_versions() {
        let server = Postgres::start(version, PostgresOptions::default()).await;
        server.admin().await;
        server.execute("postgres", "ALTER ROLE master SET password_encryption = 'md5'").await;
        the_superuser_rotates_a_single_user(&server).await;
    }
}

/// By `pg_hba.conf` the superuser signs in by md5, and its own setting is md5; everybody else signs in by SCRAM-SHA-256 only.
#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_that_signs_in_by_md5_locks_no_user_out() {
    for version in postgres_versions() {
        let pg_hba = &["hostssl all master 127.0.0.1/32 md5"];
        let server = Postgres::start(version, PostgresOptions { pg_hba, ..PostgresOptions::default() }).await;
        let password = text(&server.admin().await.password);
        for statement in [
            format!("SET password_encryption = 'md5'; ALTER ROLE master PASSWORD {password}"),
            "ALTER ROLE master SET password_encryption = 'md5'".to_owned(),
        ] {
            server.execute("postgres", &statement).await;
        }
        assert!(stored(&server, "master").await.starts_with("md5"));

        let application = Application::start(&server, Setup::alternating_users()).await;
        for _turn in 0..2 {
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }

        the_superuser_rotates_a_single_user(&server).await;
    }
}

/// Another application's SCRAM-SHA-256 says nothing about this one, whose driver may support md5 only.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_signs_in_by_md5_keeps_it_after_one_of_scram_in_the_same_process() {
    for version in postgres_versions() {
        let pg_hba = &["hostssl all all 127.0.0.1/32 md5"];
        let settings = &[("password_encryption", "md5")];
        let options = PostgresOptions { pg_hba, settings, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        let admin = server.admin().await;
        let store = |method: &str, of: &Credentials| {
            let set = format!("ALTER ROLE {} PASSWORD {}", name(&of.user), text(&of.password));
            format!("SET password_encryption = '{method}'; {set}")
        };
        server.execute("postgres", &store("md5", admin)).await;
        let scram = Application::start(&server, Setup::alternating_users()).await;
        server.execute("postgres", &store("scram-sha-256", &scram.app.credentials)).await;
        let md5 = Application::start(&server, Setup::alternating_users()).await;
        server.execute("postgres", &store("md5", &md5.app.credentials)).await;

        let warm = InProcess::of(&scram, Strategy::AlternatingUsers).await;
        for (application, method) in [(&scram, "SCRAM"), (&md5, "md5"), (&scram, "SCRAM"), (&md5, "md5")] {
            let function = InProcess::of(application, Strategy::AlternatingUsers).await;
            let pending = application.begin().await;
            for step in STEPS {
                let done = function.step_with(application, step, &pending, function.store(), warm.database());
                done.await.unwrap_or_else(|error| panic!("{step}: {error:?}"));
            }
            let current = application.credentials("AWSCURRENT").await.expect("a current version");
            let stored = stored(&server, &current.user).await;
            assert!(stored.starts_with(method), "{} on {version}: {stored}", current.user);
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// `libpq` would sign in with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pending_password_that_would_not_sign_in_here_is_not_installed() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in server.setups() {
            let application = Application::start(server, setup).await;
            let pending = application.begin().await;
            application.step("createSecret", &pending).await.expect("createSecret");
            let mut odd = application.stored("AWSPENDING").await.expect("a pending version");
            application.abandon(&pending).await;
            let pending = application.begin().await;
            odd["password"] = "bell\u{7}-\u{1f600}-password".into();
            application.store_pending(&pending, &odd).await;
            let refusal = application.step("setSecret", &pending).await.expect_err("nobody could sign in");
            assert!(refusal.error_message.contains("SASLprep"), "{refusal:?}");
            assert!(!refusal.error_message.contains("bell"), "{refusal:?}");
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
            // What the refusal says.
            application.abandon(&pending).await;
            application.rotate_ok().await;
            assert!(application.signs_in("AWSCURRENT").await, "on {version}");
        }
    }
}

/// A password hook gets the verifier and raises an SQLSTATE of its own choice, which is not a rejected sign-in: passwordcheck raises
/// 22023, and credcheck 28000, which a relay puts in its place here.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_hook_of_the_server_refuses_is_named_as_that() {
    for version in postgres_versions() {
        let settings = [("shared_preload_libraries", "passwordcheck")];
        let pg_hba = ["host all all 127.0.0.1/32 scram-sha-256"];
        let options = PostgresOptions { settings: &settings, pg_hba: &pg_hba, ..PostgresOptions::default() };
        let server = Postgres::start(version, options).await;
        let app = server.create_app("long-name-1").await;
        let user = Username(app.user().to_owned());
        let used = Password::new(app.credentials.password.clone());
        let as_credcheck = relay_with(server.port(), b"C22023\0", b"C28000\0").await;
        for (port, tls, code) in
            [(server.port(), Tls::Required, "22023"), (as_credcheck, Tls::Forbidden, "28000")]
        {
            let endpoint = Endpoint { host: server.host().into(), port };
            let at = rotation::Server { endpoint, tls, database: None };
            let signed_in = server.adapter().sign_in(&at, &user, &used).await.expect("a result");
            let SignIn::Accepted(mut session) = signed_in else { panic!("the user signs in") };
            let own_name = Password::new(app.user().to_owned());
            let change = session.change_own_password(&user, &used, &own_name, OldPassword::Discard).await;
            let refusal = change.expect_err("passwordcheck takes no password that is the name").to_string();
            for part in ["a password hook of", code, "credcheck.encrypted_password_allowed"] {
                assert!(refusal.contains(part), "{part} is not in {refusal}");
            }
            assert!(server.signs_in(&app.credentials, &app.database).await, "on {version}");
        }
    }
}

/// The port of a relay to the server's port that replaces bytes in what the server sends, in cleartext.
async fn relay_with(server: u16, bytes: &'static [u8], by: &'static [u8]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.expect("the server listens");
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            tokio::spawn(async move {
                let mut message = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut message).await {
                    if let Some(at) = message[..length].windows(bytes.len()).position(|found| found == bytes)
                    {
                        message[at..at + by.len()].copy_from_slice(by);
                    }
                    if to_client.write_all(&message[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

/// The server chooses `password_encryption` and, from 16 on, `scram_iterations`.
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
