//! Every failure says what was being done, with what, what came back, and what to do next; its class is the
//! error type of the function's response.

mod mysql;
mod mysql_codes;
mod postgres;
mod repeats;

use std::error::Error as _;
use std::net::TcpListener;
use std::time::Duration;

use local_aws::Failure;
use rotation::Strategy;
use serde_json::{Value, json};
use testbed::crash::Crash;
use testbed::fault_proxy::Fault;
use testbed::postgres::name;
use testbed::{
    Application, Credentials, FaultProxy, InProcess, MySql, Postgres, PostgresOptions, Server, Setup,
    mysql_versions, postgres_versions, remedy,
};

use crate::support::postgres::newest;
use crate::support::{ADD_SUPERUSER, says, setups_that_a_function_keeps_equal};

async fn failure_with(fields: Value) -> String {
    let application = Application::start(newest().await, Setup { fields, ..Setup::single_user() }).await;
    application.rotate_expect_err().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_resolved_is_explained() {
    let fields = json!({"host": "no-such-host.invalid"});
    let failure = failure_with(fields.clone()).await;
    says(&failure, "NameNotResolved", &["cannot sign in to no-such-host.invalid", "DNS"]);
    let server = MySql::shared(mysql_versions()[0]).await;
    let application = Application::start(server, Setup { fields, ..Setup::mysql_single_user() }).await;
    let failure = application.rotate_expect_err().await;
    says(&failure, "NameNotResolved", &["cannot sign in to no-such-host.invalid", "DNS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_on_which_no_server_listens_is_explained() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let failure = failure_with(json!({"port": free.port()})).await;
    says(&failure, "Unreachable", &["connection refused", "host and port are its own"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_responds_and_one_that_closes_are_explained() {
    let server = newest().await;
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    let failure = failure_with(json!({"port": silent.port()})).await;
    says(&failure, "Unreachable", &["does not respond"]);
    let cut = FaultProxy::to(server.port(), Fault::CutsAfter(20)).await;
    let failure = failure_with(json!({"port": cut.port()})).await;
    says(&failure, "Unreachable", &["cannot sign in"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_explained() {
    says(&failure_with(json!({"dbname": "no such"})).await, "MissingDatabase", &["3D000", "dbname"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_not_log_in_is_locked_and_not_rejected() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    let user = name(application.app.user());
    application.server.execute("postgres", &format!("ALTER ROLE {user} NOLOGIN")).await;
    says(&application.rotate_expect_err().await, "Locked", &["28000", "LOGIN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_connect_and_one_at_its_connection_limit_are_explained() {
    let server = newest().await;
    let application = Application::start(server, Setup::single_user()).await;
    let (user, database) = (name(application.app.user()), name(&application.app.database));
    server.execute("postgres", &format!("ALTER ROLE {user} CONNECTION LIMIT 0")).await;
    says(&application.rotate_expect_err().await, "TooManyConnections", &["53300", "limit"]);
    server.execute("postgres", &format!("ALTER ROLE {user} CONNECTION LIMIT -1")).await;
    server.execute("postgres", &format!("ALTER DATABASE {database} OWNER TO postgres")).await;
    server.execute("postgres", &format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")).await;
    let refusal = application.rotate_expect_err().await;
    says(&refusal, "Refused", &["42501", "has no CONNECT", "\"dbname\""]);
    for statement in remedy(&refusal, "the owner of that database") {
        server.execute("postgres", &statement).await;
    }
    application.rotate_ok().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_superusers_password_and_a_superuser_that_may_not_create_users_are_explained() {
    let server = newest().await;
    let application = Application::start(server, Setup::alternating_users()).await;
    let right = server.admin().await;
    let mut superuser = server.secret(right, "postgres");
    superuser["password"] = json!("wrong");
    application.store_superuser(&superuser).await;
    says(&application.rotate_expect_err().await, "SignInRefused", &["as the superuser master", "28P01"]);

    let powerless = testbed::App::create(server, "powerless").await;
    application.store_superuser(&powerless.secret(server)).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.contains("WITH ADMIN TRUE") || failure.contains("has no CREATEROLE"), "{failure}");
    assert!(application.signs_in("AWSCURRENT").await);
}

/// The user signs in and may not change its own password: the sign-in is proof enough for the superuser to set it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_may_not_change_its_own_password_is_rotated_by_the_superuser_if_there_is_one() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let application = Application::start(server, Setup::single_user()).await;
        let function = InProcess::of(&application, Strategy::SingleUser).await;
        let barred = Crash::restricting_password_commands();
        let pending = application.begin().await;
        application.step("createSecret", &pending).await.expect("createSecret");
        let refusal = function.step(&application, "setSecret", &pending, &barred).await;
        let refusal = refusal.expect_err("nobody may");
        let refusal = refusal.source().expect("a refusal").to_string();
        assert!(refusal.contains("42501") && refusal.ends_with(ADD_SUPERUSER), "{refusal}");

        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = json!(application.superuser_arn);
        application.store_current(&current).await;
        let pending = application.begin().await;
        assert!(function.run(&application, &pending, &barred).await);
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_secrets_manager_denies_throttles_or_cannot_decrypt_is_explained() {
    let application = Application::start(newest().await, Setup::single_user()).await;
    for (operation, code, class, said) in [
        ("DescribeSecret", "ResourceNotFoundException", "SecretNotFound", "check the ARN"),
        ("GetSecretValue", "AccessDeniedException", "AccessDenied", "function's role"),
        ("GetSecretValue", "DecryptionFailure", "Kms", "kms:Decrypt"),
        ("PutSecretValue", "EncryptionFailure", "Kms", "kms:GenerateDataKey"),
        ("PutSecretValue", "InvalidRequestException", "SecretsManager", "API reference"),
    ] {
        application.local.fail(Failure::refuse(operation, 1, code));
        says(&application.rotate_expect_err().await, class, &[code, said]);
    }
    // Tried again while there is time.
    let setup = Setup { timeout: Duration::from_secs(8), ..Setup::single_user() };
    let application = Application::start(newest().await, setup).await;
    for _ in 0..100 {
        application.local.fail(Failure::refuse("PutSecretValue", 1, "ThrottlingException"));
    }
    says(&application.rotate_expect_err().await, "Throttled", &["ThrottlingException", "50 writes a second"]);
    application.local.clear_failures();
    application.rotate_ok().await;
}

/// The function responds before Lambda kills the process, and names what it waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_comes_first_is_reported_in_time_and_names_what_was_waited_for() {
    let server = newest().await;
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    for setup in server.setups() {
        let fields = json!({"port": silent.port()});
        let setup = Setup { fields, timeout: Duration::from_secs(3), ..setup };
        let application = Application::start(server, setup).await;
        let failure = application.rotate_expect_err().await;
        says(&failure, "Deadline", &["waiting to sign in to localhost:", "more time"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_is_explained() {
    let settings =
        [("max_connections", "5"), ("superuser_reserved_connections", "4"), ("max_wal_senders", "0")];
    let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    let application = Application::start(&server, Setup::single_user()).await;
    let _holds_the_last = server.sign_in(&application.app.credentials, "postgres").await.expect("one place");
    says(&application.rotate_expect_err().await, "TooManyConnections", &["53300"]);
}

/// psql signs in with these passwords: libpq and the server use a password unchanged where SASLprep fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_password_that_the_driver_cannot_prepare_is_explained() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        for setup in setups_that_a_function_keeps_equal(server) {
            let application = Application::start(server, setup).await;
            let user = application.app.user().to_owned();
            for password in ["emoji\u{1f511}", "\u{5d0}a\u{5d0}", "bell\u{7}"] {
                let odd = Credentials { user: user.clone(), password: password.to_owned() };
                server.set_password(&odd).await;
                store_password(&application, &odd).await;
                let failure = application.rotate_expect_err().await;
                says(&failure, "PasswordCharacters", &["emoji", "store it as AWSCURRENT"]);
                assert!(!failure.contains(password), "{failure}");
            }
            let plain = Credentials::new(&user);
            server.set_password(&plain).await;
            store_password(&application, &plain).await;
            application.rotate_ok().await;
        }
    }
}

async fn store_password(application: &Application<'_>, credentials: &Credentials) {
    let mut current = application.stored("AWSCURRENT").await.expect("a version");
    current["password"] = credentials.password.as_str().into();
    application.store_current(&current).await;
}
