//! TLS: an attacker on the network who strips it, or shows a wrong certificate, reads no password.

mod aws;
mod cleartext;
mod mysql;
mod mysql_greeting;
mod postgres;

use serde_json::Value;
use testbed::{Application, Server, Setup};

/// Asserts that the rotation fails with this class and message, and that nothing signed in.
async fn fails_before_the_sign_in<S: Server>(server: &S, fields: Value, class: &str, said: &str) {
    for setup in server.setups() {
        let application = Application::start(server, Setup { fields: fields.clone(), ..setup }).await;
        let log = server.log();
        let failure = application.rotate_expect_err().await;
        assert!(failure.starts_with(&format!("SetSecret {class}: ")), "{failure}");
        assert!(failure.contains(said), "{said} is not in: {failure}");
        let user = application.app.user();
        assert_eq!((log.authorized(user), log.failed(user)), (0, 0), "there was a sign-in");
    }
}
