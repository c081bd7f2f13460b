//! The testbed itself: what the other tests rely on.

#![expect(clippy::disallowed_methods, reason = "what a driver does by itself is looked at")]

mod access_keys;
mod demo;
mod mysql;
mod others;
mod processes;
mod tried;

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    os::unix::fs::{MetadataExt, PermissionsExt},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use testbed::{
    App, Certificate, Credentials, FaultProxy, Functions, Postgres, PostgresOptions,
    fault_proxy::{End, Fault},
    postgres, postgres_versions, run_concurrently,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A test that is run as a program of its own, by another test.
const FUNCTION: &str = "testbed_self_tests::a_function_that_does_what_its_event_says";

#[tokio::test]
async fn every_version_is_itself_and_signs_in_over_verified_tls() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let app = App::create(server, "tls").await;
        let mut session = server.sign_in(&app.credentials, &app.database).await.unwrap();
        let result = postgres::run(
            &mut session,
            "SELECT current_setting('server_version_num')::int / 10000 || ' ' || ssl || ' ' || current_user
               FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        assert_eq!(result.await.unwrap(), [format!("{version} true {}", app.user())]);
    }
}

#[tokio::test]
async fn a_client_refuses_every_bad_certificate() {
    let newest = postgres_versions()[0];
    let bad = [
        (Certificate::WrongName, "not valid for name \"localhost\""),
        (Certificate::Expired, "expired"),
        (Certificate::Foreign, "UnknownIssuer"),
    ];
    for (certificate, cause) in bad {
        let server = Postgres::start(newest, PostgresOptions { certificate, ..Default::default() }).await;
        let log = server.log();
        let error = server.sign_in(&server.root(), "postgres").await.unwrap_err().to_string();
        assert!(error.contains(cause), "{certificate:?}: {error}");
        assert_eq!(log.authorized("postgres"), 0);
    }
}

#[tokio::test]
async fn the_log_counts_sign_ins_of_users_with_any_name_and_holds_no_password_of_ours() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let log = server.log();
        let app = App::create(server, r#"o'brien; "Ünï" %s \"#).await;
        assert!(server.signs_in(&app.credentials, &app.database).await);
        assert!(server.signs_in(&app.credentials, &app.database).await);
        let wrong = Credentials::new(app.user());
        assert!(!server.signs_in(&wrong, &app.database).await);
        assert_eq!((log.authorized(app.user()), log.failed(app.user())), (2, 1), "{}", log.text());
        assert!(log.contains("CREATE ROLE"));
        assert!(!log.contains(&app.credentials.password));
    }
}

#[tokio::test]
async fn the_superuser_may_manage_the_users_that_it_made_and_since_16_no_others() {
    for version in postgres_versions() {
        let server = Postgres::shared(version).await;
        let mut admin = server.sign_in(server.admin().await, "postgres").await.unwrap();
        let made_by_it = App::create(server, "own").await;
        let made_by_root = App::created_by_root(server, "foreign").await;
        for (app, allowed) in [(made_by_it, true), (made_by_root, version < 16)] {
            let statement = format!("ALTER ROLE {} CONNECTION LIMIT 5", postgres::name(app.user()));
            assert_eq!(postgres::run(&mut admin, &statement).await.is_ok(), allowed, "{version}");
        }
    }
}

#[tokio::test]
async fn settings_and_pg_hba_of_a_server_of_ones_own_take_effect() {
    let options = PostgresOptions {
        certificate: Certificate::None,
        settings: &[("password_encryption", "md5"), ("max_connections", "7")],
        pg_hba: &["host all refused 127.0.0.1/32 reject", "host all all 127.0.0.1/32 md5"],
        ..PostgresOptions::default()
    };
    let server = Postgres::start(postgres_versions()[0], options).await;
    assert_eq!(server.values("postgres", "SHOW max_connections").await, ["7"]);
    let app = App::create(&server, "old").await;
    assert!(server.signs_in(&app.credentials, &app.database).await);
    let verifier =
        format!("SELECT rolpassword FROM pg_authid WHERE rolname = {}", postgres::text(app.user()));
    assert!(server.values("postgres", &verifier).await[0].starts_with("md5"));
    assert!(server.sign_in(&Credentials::new("refused"), "postgres").await.is_err());
    let folder = server.folder();
    drop(server);
    eventually("the folder is gone", || !folder.exists());
}

#[tokio::test]
async fn the_fault_proxy_strips_tls_and_still_sees_who_signs_in() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let proxy = FaultProxy::to(server.port(), Fault::StripsTls).await;
    let app = App::create(server, "proxy").await;
    let over_proxy = |mode| {
        let options =
            sqlx::postgres::PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(proxy.port());
        options
            .username(app.user())
            .password(&app.credentials.password)
            .database(&app.database)
            .ssl_mode(mode)
    };
    let strict = over_proxy(sqlx::postgres::PgSslMode::Require);
    assert!(sqlx::ConnectOptions::connect(&strict).await.is_err());
    assert_eq!((proxy.connections(), proxy.cleartext_sign_ins()), (1, 0));
    let lax = over_proxy(sqlx::postgres::PgSslMode::Prefer);
    assert!(sqlx::ConnectOptions::connect(&lax).await.is_ok());
    assert_eq!((proxy.connections(), proxy.cleartext_sign_ins()), (2, 1));
    assert!(proxy.bytes() > 8);
}

#[tokio::test]
async fn the_fault_proxy_falls_silent_or_cuts_the_connection() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    let silent = FaultProxy::to(server.port(), Fault::Silent).await;
    let cut = FaultProxy::to(server.port(), Fault::CutsAfter(8)).await;
    let connect = async |proxy: &FaultProxy| {
        let options =
            sqlx::postgres::PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(proxy.port());
        let patience = Duration::from_millis(200);
        tokio::time::timeout(patience, sqlx::ConnectOptions::connect(&options)).await
    };
    assert!(connect(&silent).await.is_err(), "there was a response");
    assert!(connect(&cut).await.expect("it is cut at once").is_err());
}

#[tokio::test]
async fn as_many_tasks_run_concurrently_as_may_and_no_more() {
    let (running, most_seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tasks = (0..10).map(|number| {
        let (running, most_seen) = (Arc::clone(&running), Arc::clone(&most_seen));
        async move {
            most_seen.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            // On its one thread, all tasks that may run start first.
            tokio::task::yield_now().await;
            running.fetch_sub(1, SeqCst);
            number
        }
    });
    let mut ended = BTreeSet::new();
    run_concurrently(3, tasks, |number| assert!(ended.insert(number), "{number} twice")).await;
    assert_eq!(ended, (0..10).collect());
    assert_eq!(most_seen.load(SeqCst), 3);
}

/// The client learns of each end in another way.
#[tokio::test]
async fn the_fault_proxy_closes_resets_or_drops_the_connection() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for end in [End::Closed, End::Reset, End::Dead] {
        let proxy = FaultProxy::to(server.port(), Fault::After { sent: usize::MAX, answered: 1, end }).await;
        let mut client =
            tokio::net::TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("the proxy accepts");
        // To the request for TLS a server says yes or no in one byte (PostgreSQL, "Message Formats").
        client.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.expect("the proxy takes it");
        let (patience, mut heard) = (Duration::from_secs(1), Vec::new());
        let learned = match tokio::time::timeout(patience, client.read_to_end(&mut heard)).await {
            Ok(Ok(_)) => End::Closed,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => End::Dead,
        };
        assert_eq!(learned, end);
    }
}

#[tokio::test]
#[ignore = "the function of the next test, which runs it"]
async fn a_function_that_does_what_its_event_says() {
    let result = async |event: lambda_runtime::LambdaEvent<String>| {
        println!("event {} in {}", event.payload, fs::read_to_string("/proc/self/environ").unwrap());
        match event.payload.as_str() {
            "fail" => Err(lambda_runtime::Error::from("as it was told")),
            "exit" => std::process::exit(3),
            "hang" => std::future::pending().await,
            _ => Ok(std::process::id()),
        }
    };
    lambda_runtime::run(lambda_runtime::service_fn(result)).await.unwrap();
}

#[tokio::test]
async fn functions_respond_fail_end_and_time_out_as_in_lambda() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("function");
    let tests = std::env::current_exe().unwrap();
    fs::write(
        &program,
        format!("#!/bin/sh\nexec '{}' --exact --ignored --nocapture {FUNCTION}\n", tests.display()),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let functions = Functions::start(&[("GREETING", "hello")]).await;
    functions.add_program("echo", program, &[], Duration::from_secs(1));
    let told = async |what: &str| functions.invoke("echo", &json!(what)).await;

    let first = told("work").await.unwrap();
    assert_eq!(told("work").await.unwrap(), first, "the same process");
    assert_eq!(told("fail").await.unwrap_err().error_message, "as it was told");
    assert_eq!(told("work").await.unwrap(), first, "the same process");
    let (one, other) = tokio::join!(told("work"), told("work"));
    assert_ne!(one.unwrap(), other.unwrap(), "two at once run in two processes");

    let ended = told("exit").await.unwrap_err();
    assert_eq!(ended.error_type, "Runtime.ExitError");
    assert_eq!(ended.error_message, "Runtime exited with error: exit status: 3");
    let late = told("hang").await.unwrap_err();
    assert_eq!(late.error_type, "Sandbox.Timedout");
    assert_eq!(late.error_message, "Task timed out after 1.00 seconds");
    let output = functions.output("echo");
    assert!(output.contains("event fail in ") && output.contains("GREETING=hello"));
    assert!(!output.contains("HOME="), "a function gets only what Lambda and the test set");

    let (hanging, ()) = tokio::join!(told("hang"), functions.kill("echo"));
    assert_eq!(hanging.unwrap_err().error_type, "Runtime.ExitError");
    assert_ne!(told("work").await.unwrap(), first, "another process");
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "not within 10 seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The user that runs the tests.
fn user() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}
