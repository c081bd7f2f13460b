//! A sign-in began before the rotation, and the server already knew which password it would compare with.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use rotation::ports::SignIn;
use rotation::{Endpoint, Password, Tls, Username};
use testbed::{
    MySql, MySqlOptions, MySqlVersion, Postgres, PostgresOptions, Server, Setup, functions, mysql,
    mysql_versions, postgres, postgres_versions,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::Notify;

use super::{application, current};
use crate::support::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_opens_no_session_that_stays() {
    let settings = [("authentication_timeout", "20s")];
    let options = PostgresOptions { settings: &settings, ..PostgresOptions::default() };
    let server = Postgres::start(postgres_versions()[0], options).await;
    a_sign_in_that_had_begun_opens_no_session_that_stays(&server, Setup::single_user()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_opens_no_session_that_stays() {
    // MariaDB looks the password up when the client has already sent all.
    if mysql_versions().contains(&MySqlVersion::MySql97) {
        let settings = [("connect-timeout", "10"), ("general-log", "ON"), ("log-output", "TABLE")];
        let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
        let server = MySql::start(MySqlVersion::MySql97, options).await;
        a_sign_in_that_had_begun_opens_no_session_that_stays(&server, Setup::mysql_single_user()).await;
    }
}

/// Tells how often `revoke` has looked for sessions.
trait Looks: Server {
    /// How many bytes a client sends before its first record of TLS.
    const BEFORE_TLS: usize;

    async fn has_looked_twice(&self);

    /// Whether a client that connects from this port has signed in as `user`.
    async fn has_session_from(&self, port: u16, user: &str) -> bool;

    /// Has the server ask for the password as if the user signed in for the first time.
    async fn forget_sign_ins(&self) {}
}

impl Looks for Postgres {
    const BEFORE_TLS: usize = 8;

    async fn has_looked_twice(&self) {
        // The first one reads a setting.
        let mut ends = BTreeSet::new();
        while ends.len() < 3 {
            let query = "SELECT query_start::text FROM pg_stat_activity \
                WHERE application_name = 'rotation' AND query = 'COMMIT' AND state = 'idle'";
            ends.extend(self.values("postgres", query).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn has_session_from(&self, port: u16, user: &str) -> bool {
        let user = postgres::text(user);
        let query =
            format!("SELECT pid::text FROM pg_stat_activity WHERE client_port = {port} AND usename = {user}");
        !self.values("postgres", &query).await.is_empty()
    }
}

impl Looks for MySql {
    const BEFORE_TLS: usize = 36;

    async fn has_looked_twice(&self) {
        let query = "SELECT CONVERT(COUNT(*), CHAR) FROM mysql.general_log \
            WHERE argument LIKE 'SELECT ID FROM information_schema.PROCESSLIST%'";
        while self.values(query).await.concat().parse::<usize>().expect("a number") < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn has_session_from(&self, port: u16, user: &str) -> bool {
        let user = mysql::text(user);
        let query = format!(
            "SELECT HOST FROM information_schema.PROCESSLIST WHERE HOST LIKE '%:{port}' AND USER = {user}"
        );
        !self.values(&query).await.is_empty()
    }

    async fn forget_sign_ins(&self) {
        self.execute("FLUSH PRIVILEGES").await;
    }
}

async fn a_sign_in_that_had_begun_opens_no_session_that_stays<S: Looks>(server: &S, setup: Setup<'_>) {
    let context = server.name();
    let application = application(server, setup).await;
    let (leaked, credentials) = current(&application).await;
    let (user, password) = (Username(credentials.user.clone()), Password::new(credentials.password.clone()));
    let adapter = server.adapter();
    let sign_in = async |port: u16| {
        let endpoint = Endpoint { host: "localhost".to_owned(), port };
        let target = rotation::Server { endpoint, tls: Tls::Required, database: None };
        adapter.sign_in(&target, &user, &password).await.expect("the server responds")
    };

    server.forget_sign_ins().await;
    let whole = Relay::to(server, usize::MAX).await;
    drop(sign_in(whole.port).await);
    // Held at the last record without which the server opens no session.
    let mut records = whole.records();
    let (relay, signed_in) = loop {
        records -= 1;
        server.forget_sign_ins().await;
        let relay = Relay::to(server, records).await;
        let mut signed_in = Box::pin(sign_in(relay.port));
        tokio::select! {
            () = relay.is_holding() => {
                if !server.has_session_from(relay.from(), &credentials.user).await {
                    break (relay, signed_in);
                }
            }
            _ = &mut signed_in => {}
        }
        drop(signed_in);
        relay.go_on();
        while server.has_session_from(relay.from(), &credentials.user).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let desk = Desk::of(&application);
    let arguments = [application.arn.as_str(), "--leaked", &leaked, "--run", "all"];
    let revoked =
        revoked_while_held(server, &relay, desk.command(functions::program("revoke").await, &arguments));
    let (said, signed_in) = tokio::join!(revoked, signed_in);
    assert!(matches!(signed_in, SignIn::Accepted(_)), "{context}: it was held too early");
    assert!(said.contains("1 session of") && said.contains("proven"), "{context}: {said}");
    assert!(!server.has_session_from(relay.from(), &credentials.user).await, "{context}: {said}");
    assert!(!server.signs_in(&credentials, &application.app.database).await, "{context}: {said}");
    assert!(application.signs_in("AWSCURRENT").await, "{context}: {said}");
}

/// Runs `revoke`, and lets the sign-in go on while sessions are ended.
async fn revoked_while_held<S: Looks>(server: &S, relay: &Relay, mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut all = Vec::new();
    let mut next = async || {
        let line = said.next_line().await.expect("it can be read");
        all.extend(line.clone());
        line
    };
    while !next().await.expect("it goes on").starts_with("ending the sessions") {}
    // The sign-in ends after a look at which no session was older, or if that was the only look.
    tokio::select! {
        () = server.has_looked_twice() => {}
        _ = next() => {}
    }
    relay.go_on();
    while next().await.is_some() {}
    assert!(child.wait().await.expect("it ends").success());
    all.join("\n")
}

/// Passes everything, but holds what a client sends after so many records of TLS. How many bytes are read at once varies.
#[derive(Clone)]
struct Relay {
    port: u16,
    /// Its own port as the server's client, and how many records it has read.
    from: Arc<AtomicU16>,
    read: Arc<AtomicUsize>,
    holding: Arc<Notify>,
    released: Arc<Notify>,
}

impl Relay {
    async fn to<S: Looks>(server: &S, records: usize) -> Self {
        let port = server.port();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let here = listener.local_addr().expect("an address").port();
        let relay = Self {
            port: here,
            from: Arc::default(),
            read: Arc::default(),
            holding: Arc::default(),
            released: Arc::default(),
        };
        let Self { from, read, holding, released, .. } = relay.clone();
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.expect("a client");
            let server = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
            from.store(server.local_addr().expect("an address").port(), Ordering::SeqCst);
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            let mut next = vec![0; S::BEFORE_TLS];
            while from_client.read_exact(&mut next).await.is_ok() && to_server.write_all(&next).await.is_ok()
            {
                // A record's kind, version and length (RFC 8446, section 5.1).
                next.resize(5, 0);
                if from_client.read_exact(&mut next).await.is_err() {
                    return;
                }
                if read.fetch_add(1, Ordering::SeqCst) == records {
                    holding.notify_one();
                    released.notified().await;
                }
                if to_server.write_all(&next).await.is_err() {
                    return;
                }
                let length = u16::from_be_bytes([next[3], next[4]]);
                next.resize(length.into(), 0);
            }
        });
        relay
    }

    fn records(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    fn from(&self) -> u16 {
        self.from.load(Ordering::SeqCst)
    }

    async fn is_holding(&self) {
        self.holding.notified().await;
    }

    fn go_on(&self) {
        self.released.notify_one();
    }
}
