//! How MySQL and MariaDB ask for a password.

use serde_json::json;
use testbed::fault_proxy::Fault;
use testbed::stub_server::{Opening, greeting, packet};
use testbed::{Application, FaultProxy, MalformedServer, MySql, Setup, StubServer, mysql_versions};

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_that_asks_for_the_plain_text_does_not_get_it() {
    let server = MySql::shared(mysql_versions()[0]).await;
    for ssl in [true, false] {
        let malformed_server = MalformedServer::of(vec![greeting("mysql_clear_password")], true, true);
        let proxy = FaultProxy::to(server.port(), Fault::Malformed(malformed_server)).await;
        let fields = json!({"port": proxy.port(), "ssl": ssl});
        let application = Application::start(server, Setup { fields, ..Setup::mysql_single_user() }).await;
        let failure = application.rotate_expect_err().await;
        assert!(failure.starts_with("SetSecret SignInMethod: "), "{failure}");
        assert!(failure.contains("mysql_clear_password"), "{failure}");
        assert_eq!(proxy.bytes(), 0, "the client sent something, with ssl {ssl}");
    }
    // Within TLS: once the server has heard who signs in, it asks for another plugin (`AuthSwitchRequest`).
    let switch = packet(3, b"\xfemysql_clear_password\0abcdefghijabcdefghij\0");
    let switch = move |number: usize, _: &[u8]| if number == 0 { switch.clone() } else { Vec::new() };
    let stub = StubServer::start(Opening::MySql("caching_sha2_password"), switch).await;
    let fields = json!({"port": stub.port()});
    let application = Application::start(server, Setup { fields, ..Setup::mysql_single_user() }).await;
    let failure = application.rotate_expect_err().await;
    assert!(failure.starts_with("SetSecret SignInMethod: "), "{failure}");
    assert!(failure.contains("mysql_clear_password"), "{failure}");
    assert!(!stub.received(&application.app.credentials.password), "the password was sent");
}
