//! What the fuzz target `local_aws_request` (`fuzz/`) and the test of its corpus ask: a connection without a port, so that
//! a hundred thousand of them fit into a minute.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Options, new_service};
use crate::service::lock;

/// What a new server answers to these bytes of a client, which then says no more.
pub async fn answers(said: &[u8]) -> Vec<u8> {
    let service = Arc::new(new_service(Options { attempts: 1, ..Options::default() }));
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
