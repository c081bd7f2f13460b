//! Errors and logs repeat a server's message only cut short, with control characters escaped, and without a password.

use local_aws::DbInstance;
use serde_json::json;
use testbed::stub_server::{Opening, message, packet};
use testbed::{
    Application, MySql, Postgres, Server, Setup, StubServer, mysql_versions, postgres_versions, store,
};

use crate::support::setups_that_a_function_keeps_equal;

/// An error message of many megabytes, which moves the cursor and turns the text around.
fn long() -> Vec<u8> {
    let mut text = "\u{1b}[2J\u{202e}run this\n".as_bytes().to_vec();
    text.resize(8_000_000, b'x');
    text
}

fn is_harmless(application: &Application<'_, impl Server>, failure: &str) {
    assert!(failure.chars().count() < 2_000, "{} characters", failure.len());
    let output = application.output();
    let longest = output.lines().map(str::len).max().unwrap_or_default();
    assert!(longest < 4_000, "a line of {longest} bytes");
    for forbidden in ['\u{1b}', '\u{202e}', '\n'] {
        assert!(!failure.contains(forbidden), "{forbidden:?} is in: {failure:?}");
        let lines = output.lines().any(|line| line.contains(forbidden));
        assert!(!lines, "{forbidden:?} is in a line");
    }
    assert!(failure.contains("<U+001B>[2J<U+202E>run this "), "{failure}");
}

/// Within a session: PostgreSQL's driver is given no more than 64 KiB before.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_of_postgresql_is_cut_and_its_control_characters_are_escaped() {
    let error = [b"SERROR\0C58000\0M".to_vec(), long(), b"\0\0".to_vec()].concat();
    let signed_in = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let error = [message(b'E', &error), message(b'Z', b"E")].concat();
    let script = [message(b'R', b"\0\0\0\x05salt"), signed_in, error];
    let stub = StubServer::start(Opening::Postgres, move |number: usize, _: &[u8]| {
        // Every statement gets the error.
        script[number.min(script.len() - 1)].clone()
    })
    .await;
    let server = Postgres::shared(postgres_versions()[0]).await;
    for setup in server.setups() {
        let fields = json!({"port": stub.port()});
        let application = Application::start(server, Setup { fields, ..setup }).await;
        let failure = application.rotate_expect_err().await;
        assert!(failure.contains("58000"), "{failure}");
        is_harmless(&application, &failure);
    }
}

/// A PostgreSQL server may send any number of notices with a result.
#[tokio::test(flavor = "multi_thread")]
async fn notices_of_postgresql_do_not_fill_the_log() {
    let notice = |length| {
        message(
            b'N',
            &[b"SWARNING\0VWARNING\0C01000\0M".to_vec(), vec![b'x'; length], b"\0\0".to_vec()].concat(),
        )
    };
    let signed_in = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    let script = [
        [notice(60_000).repeat(20), message(b'R', b"\0\0\0\x05salt")].concat(),
        [notice(60_000).repeat(20), signed_in].concat(),
        notice(1_000_000).repeat(20),
    ];
    let stub = StubServer::start(Opening::Postgres, move |number: usize, _: &[u8]| {
        script.get(number).cloned().unwrap_or_default()
    })
    .await;
    let server = Postgres::shared(postgres_versions()[0]).await;
    let fields = json!({"port": stub.port()});
    let application = Application::start(server, Setup { fields, ..Setup::single_user() }).await;
    let pending = application.begin().await;
    application.step("createSecret", &pending).await.expect("createSecret");
    application.step("setSecret", &pending).await.expect_err("nothing else is said");
    assert!(application.output().len() < 100_000, "{} bytes of log", application.output().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_of_mysql_is_cut_and_its_control_characters_are_escaped() {
    let error = packet(2, &[b"\xff\x15\x04#28000".to_vec(), long()].concat());
    let stub = StubServer::start(Opening::MySql("caching_sha2_password"), move |number: usize, _: &[u8]| {
        if number == 0 { error.clone() } else { Vec::new() }
    })
    .await;
    let server = MySql::shared(mysql_versions()[0]).await;
    for setup in server.setups() {
        let fields = json!({"port": stub.port()});
        let application = Application::start(server, Setup { fields, ..setup }).await;
        let failure = application.rotate_expect_err().await;
        assert!(failure.contains("1045"), "{failure}");
        is_harmless(&application, &failure);
    }
}

/// MySQL's full authentication sends the plain text to the server, which may repeat it.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_server_repeats_is_not_logged_and_not_returned() {
    let full_authentication = packet(3, b"\x01\x04");
    let stub =
        StubServer::start(Opening::MySql("caching_sha2_password"), move |number: usize, said: &[u8]| {
            if number == 0 {
                return full_authentication.clone();
            }
            // Behind the length and number of the packet, before its NUL.
            let password = &said[4..said.len() - 1];
            packet(5, &[b"\xff\x15\x04#28000wrong: ", password, b" or \"", password, b"\""].concat())
        })
        .await;
    let server = MySql::shared(mysql_versions()[0]).await;
    for setup in setups_that_a_function_keeps_equal(server) {
        // A password that JSON escapes is looked for in both forms.
        for password in [None, Some("quo\"ted\\password")] {
            let mut fields = json!({"port": stub.port()});
            if let Some(password) = password {
                fields["password"] = json!(password);
            }
            let application = Application::start(server, Setup { fields, ..setup.clone() }).await;
            let password = password.unwrap_or(&application.app.credentials.password).to_owned();
            let failure = application.rotate_expect_err().await;
            assert!(stub.received(&password), "the server got the password");
            assert!(failure.contains("wrong: <a password> or \"<a password>\""), "{failure}");
            let output = application.output();
            let escaped = json!(password).to_string();
            for form in [password.as_str(), escaped.trim_matches('"')] {
                assert!(!failure.contains(form) && !output.contains(form), "it is repeated: {failure}");
            }
        }
    }
}

/// The writer of the application's secret may not be allowed to know whose secret `masterarn` names.
#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_secret_of_another_application_tells_nothing_of_its_server() {
    let server = Postgres::shared(postgres_versions()[0]).await;
    for (host, port, with_rds) in
        [("secret-db.internal.example", 5999, false), ("secret-db.internal.example", 5999, true)]
    {
        let application = Application::start(server, Setup::alternating_users()).await;
        if with_rds {
            application.local.register_instance(DbInstance {
                identifier: "secret-db".into(),
                address: host.into(),
                port,
                engine: "postgres".into(),
                replica_of: None,
                cluster: None,
            });
        }
        let mut other = server.superuser_secret().await;
        other["host"] = json!(host);
        other["port"] = json!(port);
        let mut current = application.stored("AWSCURRENT").await.expect("a first version");
        current["masterarn"] = json!(store(&application.client, "other", &other).await);
        application.store_current(&current).await;
        let refusal = application.rotate_expect_err().await;
        assert!(refusal.contains("is neither the secret's host"), "{refusal}");
        let output = application.output();
        for word in ["secret-db", ":5999", "internal"] {
            assert!(!refusal.contains(word) && !output.contains(word), "{word} is told: {refusal}");
        }
    }
}
