//! What the fuzz target `local_aws_request` (`fuzz/`) and the test of its corpus ask: a connection without a port, so that
//! a hundred thousand of them fit into a minute.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::AccessKey;
use crate::server::{Options, new_service};
use crate::service::lock;

/// The access key of the seeds, and of the server that they are sent to. There is no port, so it opens nothing.
const ACCESS_KEY: &str = "AKIDEXAMPLE";

/// What a new server answers to these bytes of a client, which then says no more.
pub async fn answers(said: &[u8]) -> Vec<u8> {
    let access_keys = AccessKey::new(ACCESS_KEY).into_iter().collect();
    let service = Arc::new(new_service(Options { access_keys, attempts: 1, ..Options::default() }));
    // Room for all: neither side waits for the other.
    let (mut client, server) = tokio::io::duplex(16 * 1024 * 1024);
    let mut answers = Vec::new();
    // A pipe in memory does not break.
    let _ = client.write_all(said).await;
    let _ = client.shutdown().await;
    crate::http::converse(server, Arc::clone(&service)).await;
    let _ = client.read_to_end(&mut answers).await;
    lock(&service.tasks).abort_all();
    answers
}
