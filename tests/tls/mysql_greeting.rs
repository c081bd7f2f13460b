//! MySQL's greeting comes before TLS, so anyone on the network can forge it: it proves nothing, and leads to no remedy that changes
//! a password.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::stub_server::packet;
use testbed::{Application, FaultProxy, MalformedServer, MySql, MySqlOptions, Setup, mysql_versions};

use crate::support::claim;

/// What MySQL and MariaDB say of a password: expired (1862, 1820), wrong (1045), locked (3118, 4151), blocked (3955, 4150).
const OF_A_PASSWORD: [u16; 7] = [1862, 1820, 1045, 3118, 4151, 3955, 4150];

/// An error in place of a server's greeting (MySQL, "`ERR_Packet`").
fn error(code: u16) -> MalformedServer {
    let body = [&[0xff][..], &code.to_le_bytes(), b"#HY000", b"run DROP USER root"].concat();
    MalformedServer::of(vec![packet(0, &body)], true, false)
}

/// The writer of a secret, who is on the way to the server as well, wants the victim's password changed: the victim being
/// another application's user, or the superuser itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_the_greeting_of_mysql_proves_no_password() {
    for version in mysql_versions() {
        let server = MySql::start(version, MySqlOptions::default()).await;
        let victim = server.create_app("victim").await.credentials;
        for victim in [&victim, server.admin().await] {
            for code in OF_A_PASSWORD {
                for connection in 0..2 {
                    let proxy = FaultProxy::to(server.port(), Fault::None).await;
                    let application =
                        Application::through_proxy(&server, &proxy, Setup::mysql_single_user()).await;
                    claim(&application, &victim.user, &json!({})).await;
                    let log = server.log();
                    proxy.becomes(Fault::MalformedOnce(proxy.connections() + connection, error(code)));
                    let failure = application.rotate_expect_err().await;
                    assert!(failure.starts_with("SetSecret BeforeTls: "), "{code} on {version}: {failure}");
                    assert!(failure.contains(&format!("responded with {code}")), "{failure}");
                    for word in ["DROP", "ALTER", "password of the AWSCURRENT"] {
                        assert!(!failure.contains(word), "{word} is in: {failure}");
                    }
                    assert_eq!(log.authorized("master"), 0, "{code} on {version}: the superuser came");
                    assert!(server.signs_in(victim, "").await, "{code} on {version}");
                }
            }
        }
    }
}

/// Nor does it say anything of the superuser's.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_the_greeting_says_nothing_of_the_superusers_password() {
    for version in mysql_versions() {
        let server = MySql::shared(version).await;
        for code in [1862, 1045, 3118] {
            let proxy = FaultProxy::to(server.port(), Fault::None).await;
            let application =
                Application::through_proxy(server, &proxy, Setup::mysql_alternating_users()).await;
            proxy.becomes(Fault::MalformedOnce(proxy.connections() + 1, error(code)));
            let failure = application.rotate_expect_err().await;
            assert!(failure.starts_with("SetSecret BeforeTls: "), "{code} on {version}: {failure}");
            assert!(failure.contains("as the superuser"), "{failure}");
            application.rotate_ok().await;
        }
    }
}

/// What servers really say in that place chooses a wait, or a remedy of the network.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_the_greeting_may_choose_a_remedy_of_the_network() {
    let server = MySql::shared(mysql_versions()[0]).await;
    let codes = [
        (1040, "TooManyConnections"),
        (1053, "ServerUnavailable"),
        (1129, "HostBlocked"),
        (1130, "HostNotAllowed"),
        (9999, "BeforeTls"),
    ];
    for (code, class) in codes {
        let proxy = FaultProxy::to(server.port(), Fault::None).await;
        let application = Application::through_proxy(server, &proxy, Setup::mysql_single_user()).await;
        proxy.becomes(Fault::Malformed(error(code)));
        let failure = application.rotate_expect_err().await;
        assert!(failure.starts_with(&format!("SetSecret {class}: ")), "{failure}");
        let (_, said) = failure.split_once(" responded with ").expect("the server's response");
        assert!(said.contains("before TLS") && !said.contains("password"), "{failure}");
        proxy.becomes(Fault::None);
        application.rotate_ok().await;
    }
}
