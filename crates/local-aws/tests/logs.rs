//! What local-aws logs, at every level.
//!
//! A binary of its own, with one test, because tracing decides once for the process whether a line is logged: on the thread
//! that reaches the line first, which in `main.rs` can be another test's, where nothing is logged.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops there")]

#[expect(dead_code, unused_imports, reason = "most of it is for main.rs")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use support::{Aws, id};

/// A value that is nowhere but in requests.
const VALUE: &str = "hunter2-hunter2";

/// What was written to it.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_value_is_logged_at_any_level() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let aws = Aws::start().await;
    aws.create("app", VALUE, 1).await;
    aws.put(2, VALUE, &["AWSPENDING"]).await.expect("a put");
    aws.ok("UpdateSecret", json!({"SecretId": "app", "SecretString": VALUE, "ClientRequestToken": id(3)}))
        .await;
    aws.ok("GetSecretValue", json!({"SecretId": "app"})).await;
    aws.ok("BatchGetSecretValue", json!({"SecretIdList": ["app"]})).await;
    for wrong in [
        json!({"SecretId": 1, "SecretString": VALUE}),
        json!({"SecretId": "app", "SecretString": [VALUE]}),
        json!({"SecretId": "none", "SecretString": VALUE, "ClientRequestToken": id(4)}),
        json!({"SecretId": "app", "SecretString": VALUE, "SecretBinary": VALUE, "ClientRequestToken": id(4)}),
        json!({"SecretId": "app", "SecretString": "x", "ClientRequestToken": VALUE}),
    ] {
        let refused = aws.call("PutSecretValue", wrong).await.expect_err("an error");
        assert!(refused.status == 400 && !refused.message.contains(VALUE), "{refused:?}");
    }
    let log = String::from_utf8_lossy(&written.0.lock().expect("no panic")).into_owned();
    assert!(log.contains("UpdateSecret") && log.contains("SerializationException"), "{log}");
    assert!(!log.contains(VALUE), "{log}");
    let calls = format!("{:?}", aws.server.calls());
    assert!(calls.contains("UpdateSecret"), "{calls}");
}
