//! Numbers of MySQL and MariaDB that need a remedy of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::mysql::run;
use testbed::stub_server::{Opening, packet};
use testbed::{
    Application, FaultProxy, MalformedServer, MySql, MySqlOptions, Server, Setup, StubServer, mysql_versions,
    remedies,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;

use crate::support::says;

/// The response of MySQL 5.7, which lacks `print_identified_with_as_hex`, to one packet of a client.
fn as_mysql_5_7(number: usize, said: &[u8]) -> Vec<u8> {
    const OK: &[u8] = b"\0\0\0\x02\0\0\0";
    let statement = String::from_utf8_lossy(said);
    match number {
        0 => packet(3, OK),
        _ if statement.contains("print_identified_with_as_hex") => {
            packet(1, b"\xff\xa9\x04#HY000Unknown system variable 'print_identified_with_as_hex'")
        }
        _ if statement.contains("SELECT") => {
            let column = b"\x03def\0\0\0\x01c\0\x0c\xff\0\xff\0\0\0\xfd\0\0\x1f\0\0";
            let row = b"00app@%";
            let row = [&[u8::try_from(row.len()).expect("a short row")][..], row].concat();
            [packet(1, &[1]), packet(2, column), packet(3, &row), packet(4, b"\xfe\0\0\x02\0\0\0")].concat()
        }
        _ => packet(1, OK),
    }
}

/// Unlike a failed sign-in, another attempt cannot help.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_is_refused_at_once() {
    let server = MySql::shared(mysql_versions()[0]).await;
    let stub = StubServer::start(Opening::MySql("caching_sha2_password"), as_mysql_5_7).await;
    for setup in server.setups() {
        let fields = json!({"port": stub.port()});
        let application = Application::start(server, Setup { fields, ..setup }).await;
        let refusal = application.rotate_expect_err().await;
        says(&refusal, "Refused", &["is older than MySQL 8.0.17", "upgrade it"]);
        assert!(!refusal.contains("cannot sign in"), "{refusal}");
    }
}

/// As a reader of Aurora is: by its storage, not by `read_only`.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_storage_takes_no_change_of_accounts_is_read_only() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let mut applications = Vec::new();
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            applications.push(application);
        }
        server.stop().await;
        server.start_again_with(&[("innodb-read-only", "ON")]).await;
        for application in &applications {
            let failure = application.rotate_expect_err().await;
            says(&failure, "ReadOnly", &["3501", "errcode 165", "writer's address"]);
            assert!(application.signs_in("AWSCURRENT").await);
        }
        server.stop().await;
        server.start_again().await;
        for application in &applications {
            application.rotate_ok().await;
        }
    }
}

/// The first message of a server to a client at this address, after which the connection is closed. (This host's usual address is
/// never blocked.)
async fn first_packet(server: &MySql) -> Vec<u8> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0))).expect("an address of this host");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let mut client = socket.connect(address).await.expect("it listens");
    let mut said = vec![0; 512];
    let read = client.read(&mut said).await.expect("it speaks");
    said.truncate(read);
    said
}

fn is_blocked(first: &[u8]) -> bool {
    first.get(4..7) == Some(b"\xff\x69\x04")
}

/// What a server says then, and each product's statement, run by a superuser on a server that has blocked an address.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_blocked_is_unblocked_by_what_is_printed() {
    for version in mysql_versions() {
        let settings = [("max-connect-errors", "1")];
        let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
        let server = MySql::start(version, options).await;
        let proxy = FaultProxy::to(server.port(), Fault::None).await;
        let application = Application::through_proxy(&server, &proxy, Setup::mysql_single_user()).await;
        let mut first = first_packet(&server).await;
        for _ in 0..500 {
            if is_blocked(&first) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            first = first_packet(&server).await;
        }
        assert!(
            is_blocked(&first),
            "127.0.0.2 is not blocked on {version}: {}",
            String::from_utf8_lossy(&first)
        );
        proxy.becomes(Fault::Malformed(MalformedServer::of(vec![first], true, false)));
        let failure = application.rotate_expect_err().await;
        says(&failure, "HostBlocked", &["1129"]);
        let [of_mysql, of_mariadb] = &remedies(&failure)[..] else { panic!("one a product: {failure}") };
        let remedy = if version.is_mariadb() { of_mariadb } else { of_mysql };
        let mut superuser = server.sign_in(server.admin().await, "").await.expect("it signs in");
        for statement in &remedy.statements {
            run(&mut superuser, statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        assert!(!is_blocked(&first_packet(&server).await), "still on {version}, after {remedy:?}");
        proxy.becomes(Fault::None);
        application.rotate_ok().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_connect_that_fails_is_named() {
    for version in mysql_versions() {
        let settings = [("init-connect", "SET SESSION no_such_variable = 1")];
        let options = MySqlOptions { settings: &settings, ..MySqlOptions::default() };
        let server = MySql::start(version, options).await;
        let application = Application::start(&server, Setup::mysql_single_user()).await;
        says(
            &application.rotate_expect_err().await,
            "QueryFailed",
            &["1184", "correct the server's init_connect"],
        );
        server.execute("SET GLOBAL init_connect = ''").await;
        application.rotate_ok().await;
    }
}

/// An administrator's own: a server that maintains itself, or has lost its group.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_offline_mode_counts_as_one_that_accepts_no_sign_in_yet() {
    for version in mysql_versions().into_iter().filter(|version| !version.is_mariadb()) {
        let server = MySql::start(version, MySqlOptions::default()).await;
        for setup in server.setups() {
            let application = Application::start(&server, setup).await;
            server.allow_two_passwords(&application.app).await;
            server.execute("SET GLOBAL offline_mode = ON").await;
            says(
                &application.rotate_expect_err().await,
                "ServerUnavailable",
                &["3032", "the next attempt then succeeds"],
            );
            server.execute("SET GLOBAL offline_mode = OFF").await;
            application.rotate_ok().await;
        }
    }
}

/// An account may be allowed so many connections, queries and changes in an hour.
#[tokio::test(flavor = "multi_thread")]
async fn an_hourly_limit_of_the_account_is_raised_by_what_is_printed() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        let application = Application::start(server, Setup::mysql_single_user()).await;
        let limit = |queries: u32| {
            format!("ALTER USER `{}` WITH MAX_QUERIES_PER_HOUR {queries}", application.app.user())
        };
        server.execute(&limit(2)).await;
        for _ in 0..2 {
            let failure = application.rotate_expect_err().await;
            says(&failure, "TooManyConnections", &["1226", "raise the limit that is named"]);
        }
        server.execute(&limit(0)).await;
        application.rotate_ok().await;
        assert!(application.signs_in("AWSCURRENT").await, "on {version}");
    }
}
