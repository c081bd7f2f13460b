//! On PostgreSQL.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rotation::ports::SignIn;
use rotation::{Endpoint, Password, Tls, Username};
use sqlx::PgConnection;
use testbed::{
    Credentials, Postgres, PostgresOptions, Server as _, Setup, functions, postgres, postgres_versions,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{
    Clients, a_session_that_begins_meanwhile_goes_on, application, blocks, current,
    each_step_alone_comes_to_the_same_end, killed_at_any_line_it_goes_on_from_there, rotate_by_hand,
    what_is_wrong_is_named, what_leaked_is_dead, with_each_setup,
};
use crate::support::Desk;

/// A server that waits for a client that signs in no longer than the tests do.
pub(super) async fn server(version: u16) -> Postgres {
    let settings = [("authentication_timeout", "1s")];
    Postgres::start(version, PostgresOptions { settings: &settings, ..PostgresOptions::default() }).await
}

impl Clients for Postgres {
    type Session = PgConnection;

    async fn open(&self, user: &Credentials) -> PgConnection {
        self.sign_in(user, "postgres").await.expect("it signs in")
    }

    async fn is_open(session: &mut PgConnection) -> bool {
        postgres::run(session, "SELECT 1").await.is_ok()
    }
}

fn rotations(setup: &Setup<'_>) -> usize {
    if setup.function.ends_with("single-user") { 1 } else { 2 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_leaked_signs_in_nowhere_and_its_sessions_have_ended() {
    for version in postgres_versions() {
        with_each_setup(server(version).await, |server, setup| async move {
            let rotations = rotations(&setup);
            what_leaked_is_dead(&*server, setup, rotations).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_the_new_password_keeps_its_session() {
    for version in postgres_versions() {
        a_session_that_begins_meanwhile_goes_on(&server(version).await, Setup::single_user()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_can_be_taken_alone() {
    with_each_setup(server(postgres_versions()[0]).await, |server, setup| async move {
        let steps = rotations(&setup) + 1;
        each_step_alone_comes_to_the_same_end(&*server, setup, steps).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_is_run_again() {
    with_each_setup(server(postgres_versions()[0]).await, |server, setup| async move {
        killed_at_any_line_it_goes_on_from_there(&*server, setup).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_the_page_says_the_same() {
    let server = server(postgres_versions()[0]).await;
    for setup in server.setups() {
        let application = application(&server, setup.clone()).await;
        let credentials = current(&application).await.1;
        let mut open = server.open(&credentials).await;
        rotate_by_hand(&application, rotations(&setup)).await;
        let now = application.credentials("AWSCURRENT").await.expect("a version");
        let mut session = server.open(&now).await;
        postgres::run(&mut session, &blocks("By hand", "sql")[0]).await.expect("it may");
        assert!(Postgres::ends(&mut open).await && !server.signs_in(&credentials, "postgres").await);
        assert!(application.signs_in("AWSCURRENT").await);
    }
}

/// A sign-in began before the rotation, and the server already knew which password it would compare with.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_had_begun_opens_no_session_that_stays() {
    let settings = [("authentication_timeout", "20s")];
    let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    let application = application(&server, Setup::single_user()).await;
    let (leaked, credentials) = current(&application).await;
    let (user, password) = (Username(credentials.user.clone()), Password::new(credentials.password.clone()));
    let adapter = server.adapter();
    let sign_in = async |relay: &Relay| {
        let endpoint = Endpoint { host: server.host().to_owned(), port: relay.port };
        let target = rotation::Server { endpoint, tls: Tls::Required, database: None };
        adapter.sign_in(&target, &user, &password).await.expect("the server responds")
    };

    let whole = Relay::to(server.port(), usize::MAX).await;
    drop(sign_in(&whole).await);
    let relay = Relay::to(server.port(), whole.messages() - 1).await;
    let desk = Desk::of(&application);
    let arguments = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    let signed_in = async {
        let SignIn::Accepted(mut session) = sign_in(&relay).await else { panic!("it was held too late") };
        while session.server_state().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let revoked = async {
        relay.is_holding().await;
        let mut command = desk.command(functions::program("revoke").await, &arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut all = Vec::new();
        while let Some(line) = said.next_line().await.expect("it can be read") {
            if line.starts_with("ending the sessions") {
                relay.go_on();
            }
            all.push(line);
        }
        assert!(child.wait().await.expect("it ends").success());
        all.join("\n")
    };
    let (said, ()) = tokio::join!(revoked, signed_in);
    assert!(said.contains("1 session of") && said.contains("proven"), "{said}");
}

/// Passes everything, but holds what the client sends after so many pieces.
struct Relay {
    port: u16,
    state: Arc<(AtomicUsize, Notify, Notify)>,
}

impl Relay {
    async fn to(port: u16, pieces: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let here = listener.local_addr().expect("an address").port();
        let state = Arc::new((AtomicUsize::new(0), Notify::new(), Notify::new()));
        let relay = Self { port: here, state: Arc::clone(&state) };
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.expect("a client");
            let server = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            let mut buffer = vec![0; 65_536];
            while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                if state.0.fetch_add(1, Ordering::SeqCst) == pieces {
                    state.1.notify_one();
                    state.2.notified().await;
                }
                if to_server.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
        });
        relay
    }

    fn messages(&self) -> usize {
        self.state.0.load(Ordering::SeqCst)
    }

    async fn is_holding(&self) {
        self.state.1.notified().await;
    }

    fn go_on(&self) {
        self.state.2.notify_one();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_what_to_do() {
    let server = server(postgres_versions()[0]).await;
    what_is_wrong_is_named(&server, Setup::single_user()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_the_sessions_as_the_page_says() {
    let server = server(postgres_versions()[0]).await;
    let application = application(&server, Setup::single_user()).await;
    let mut open = server.open(&current(&application).await.1).await;
    let [block, _] = &blocks("As an administrator", "sql")[..] else { panic!("other blocks") };
    server.execute("postgres", &block.replace("'app'", &postgres::text(application.app.user()))).await;
    assert!(Postgres::ends(&mut open).await);
}
